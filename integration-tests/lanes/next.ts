// The lane of Next.js: a small application with the instrumentation.ts and the settings of docs/use-with.md, built and started.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lane } from './lane.ts';
import { root } from './tarball.ts';

/** The code of a file as the section on Next.js shows it. */
function documented(file: string): string {
  const page = readFileSync(join(root, 'docs/use-with.md'), 'utf8');
  const code = page.split(`// ${file}\n`)[1]?.split('```')[0];
  if (code === undefined) throw new Error(`docs/use-with.md has no example that starts with "// ${file}"`);
  return code;
}

/** A route of the Pages Router, whose handler is traced, though Next.js has a span for the request. */
const legacy = `
import { traceHandler } from 'mqtrace/http';
import { POST } from '../../app/api/orders/route';
export default traceHandler(async (request, response) => {
  const result = await POST(new Request('http://localhost/', { method: 'POST', body: JSON.stringify(request.body) }));
  response.status(result.status).json(await result.json());
});`;

/** A route that calls another service, with a `fetch` that is wrapped when the file is loaded, and one that is wrapped in the request. */
const prices = `
import { traceFetch } from 'mqtrace/http';
const early = traceFetch();
export async function POST(): Promise<Response> {
  for (const fetch of [early, traceFetch()]) await fetch(process.env['OTHER_SERVICE']!, { cache: 'no-store' });
  return Response.json({ sent: true });
}`;

/** Wraps the global \`fetch\`, before or after Next.js replaces it. */
const wrapGlobal = `
  if (process.env['WRAP_GLOBAL_FETCH']) globalThis.fetch = (await import('mqtrace/http')).traceFetch();
}`;

const env = ['env', 'NEXT_TELEMETRY_DISABLED=1'];

export const next: Lane = {
  row: 'frameworks',
  version: 'Next.js 16',
  packages: {
    next: '^16.0.0',
    react: '^19.0.0',
    'react-dom': '^19.0.0',
    typescript: '5.9.3',
    '@types/node': '^20.0.0',
    '@types/react': '^19.0.0',
    '@types/amqplib': '^0.10.0',
  },
  files: {
    'instrumentation.ts': documented('instrumentation.ts').trimEnd().replace(/\}$/, wrapGlobal),
    'next.config.mjs': documented('next.config.mjs'),
    'app/api/orders/route.ts': documented('app/api/orders/route.ts')
      .replace("'amqp://localhost'", "process.env['AMQP_URL']!")
      .replaceAll("'orders'", "process.env['QUEUE']!"),
    'app/api/prices/route.ts': prices,
    'pages/api/legacy.js': legacy,
  },
  commands: [
    [...env, 'node', 'node_modules/next/dist/bin/next', 'build'],
    [...env, 'WRAP_GLOBAL_FETCH=1', 'node', 'next-check.cjs'],
    [...env, 'NEXT_OTEL_FETCH_DISABLED=1', 'node', 'next-check.cjs'],
    [...env, 'node', 'next-check.cjs'],
  ],
};
