// A server of the Model Context Protocol over standard input and output. The build compiles the SDK into this one file.
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio';
// By name, so that the build leaves out what is not used.
import { boolean, number, object, string, type ZodType } from 'zod';

/** A parameter of a tool; all are optional unless it says otherwise. */
export interface ToolParameter {
  type: 'text' | 'number' | 'flag';
  description: string;
  required?: boolean;
}

/** A question that can be asked. */
export interface Tool {
  name: string;
  title: string;
  description: string;
  parameters: Readonly<Record<string, ToolParameter>>;
  /** Resolves with the answer, an object of JSON; undefined where there is none. */
  answer(given: Readonly<Record<string, unknown>>): Promise<object | undefined>;
}

export interface ServeOptions {
  version: string;
  tools: readonly Tool[];
  /** Said to the client, and before each answer. */
  warning: string;
}

/** Serves tools until the client closes standard input or the signal is aborted. */
export function serveTools(options: ServeOptions, signal: AbortSignal): Promise<void> {
  const transport = new StdioServerTransport();
  const ended = new Promise<void>((resolve) => {
    process.stdin.once('end', resolve);
    process.stdin.once('close', resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const handle = serveStdio(() => serverOf(options), { transport });
  return ended.then(() => handle.close());
}

function serverOf({ version, tools, warning }: ServeOptions): McpServer {
  const server = new McpServer({ name: 'mqtrace', version }, { capabilities: { tools: {} }, instructions: warning });
  for (const tool of tools) {
    const { name, title, description, parameters } = tool;
    server.registerTool(
      name,
      {
        title,
        description: `${description} ${warning}`,
        inputSchema: object(shapeOf(parameters)),
        annotations: { readOnlyHint: true, openWorldHint: false },
      },
      async (given) => {
        try {
          const found = await tool.answer(given);
          const text = found === undefined ? 'Nothing is known by this name.' : JSON.stringify(found);
          return { content: [{ type: 'text', text: `${warning}\n${text}` }] };
        } catch (error) {
          return {
            isError: true,
            content: [{ type: 'text', text: error instanceof Error ? error.message : String(error) }],
          };
        }
      },
    );
  }
  return server;
}

function shapeOf(parameters: Tool['parameters']): Record<string, ZodType> {
  const types = { text: () => string().max(10_000), number: () => number().min(0), flag: () => boolean() };
  return Object.fromEntries(
    Object.entries(parameters).map(([name, { type, description, required }]) => {
      const schema = types[type]().describe(description);
      return [name, required === true ? schema : schema.optional()];
    }),
  );
}
