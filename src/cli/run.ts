// Runs the command that the arguments name.
import { MqtraceError } from '../common/errors.ts';
import { nearest } from '../common/did-you-mean.ts';
import { version } from '../common/version.ts';
import type { Command, Output } from './command.ts';

/** Each command is loaded when it is called: none pays for the others. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  view: async () => (await import('./view-command.ts')).viewCommand,
  map: async () => (await import('./map-command.ts')).mapCommand,
  journey: async () => (await import('./journey-command.ts')).journeyCommand,
  health: async () => (await import('./health-command.ts')).healthCommand,
  doctor: async () => (await import('./doctor-command.ts')).doctorCommand,
  explain: async () => (await import('./explain-command.ts')).explainCommand,
  mcp: async () => (await import('./mcp-command.ts')).mcpCommand,
};

const help = `mqtrace ${version}

Usage: mqtrace COMMAND [options]

  view      collect spans and metrics on this machine and show them in the browser
  map       who sends to which destination, who consumes, and how long messages wait
  journey   what became of one message
  health    where the trace breaks, and what to do about it
  doctor    what is wrong with this project, its settings and its messages
  explain   what the headers of a message hold, read from standard input
  mcp       the answers of map, journey, health and explain as tools for agents

"mqtrace COMMAND --help" tells the options of a command.`;

/** Runs the command line; resolves with the exit code. */
export async function run(args: readonly string[], output: Output): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    output.out(help);
    return name === undefined ? 2 : 0;
  }
  if (name === 'version' || name === '--version' || name === '-v') {
    output.out(version);
    return 0;
  }
  if (!Object.hasOwn(commands, name)) {
    const near = nearest(name, Object.keys(commands));
    output.error(
      `mqtrace: unknown command ${JSON.stringify(name)}${near === undefined ? '' : `; did you mean "${near}"?`}`,
    );
    output.error('"mqtrace help" lists the commands.');
    return 2;
  }
  try {
    const command = await commands[name]!();
    if (rest.includes('--help') || rest.includes('-h')) {
      output.out(command.help);
      return 0;
    }
    return await command.run(rest, output);
  } catch (error) {
    output.error(`mqtrace ${name}: ${error instanceof Error ? error.message : String(error)}`);
    return error instanceof MqtraceError && error.code === 'INVALID_OPTION' ? 2 : 1;
  }
}
