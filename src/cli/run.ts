// Runs the command given by the arguments.
import { MqtraceError } from '../common/errors.ts';
import { nearest } from '../common/did-you-mean.ts';
import { version } from '../common/version.ts';
import type { Command, Output } from './command.ts';

/** Each command is loaded only when it is called. */
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
  map       show who sends to which destination, who consumes, and how long messages wait
  journey   show the path of one message
  health    report where traces break, and what to do about it
  doctor    report problems of this project, its settings and its messages
  explain   describe the trace headers of a message, read from standard input
  mcp       provide map, journey, health and explain as tools for agents

"mqtrace COMMAND --help" lists the options of a command.`;

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
    output.error('Run "mqtrace help" for a list of commands.');
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
