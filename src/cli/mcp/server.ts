// Serves the Model Context Protocol over standard input and output. The build includes the SDK only in this file.
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio';
// Named imports, so that the build omits unused code.
import { boolean, number, object, string, type ZodType } from 'zod';

/** A parameter of a tool; optional unless marked as required. */
export interface ToolParameter {
  type: 'text' | 'number' | 'flag';
  description: string;
  required?: boolean;
}

/** A tool that a client can call. */
export interface Tool {
  name: string;
  title: string;
  description: string;
  parameters: Readonly<Record<string, ToolParameter>>;
  /** Resolves with the answer, a JSON object; undefined if there is none. */
  answer(given: Readonly<Record<string, unknown>>): Promise<object | undefined>;
}

export interface ServeOptions {
  version: string;
  tools: readonly Tool[];
  /** Sent to the client at the start, and before each answer. */
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
          const text = found === undefined ? 'Nothing was found.' : JSON.stringify(found);
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
