// Bundles the server of "mqtrace mcp".
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { writeLicences } from './licences.js';

/** Bundles the server of "mqtrace mcp" with the SDK of its protocol into server.js, which no other module loads. */
export function bundleServer(entry, folder) {
  const { metafile } = buildSync({
    entryPoints: [{ in: entry, out: 'server' }],
    outdir: folder,
    bundle: true,
    metafile: true,
    minify: true,
    alias: { '@modelcontextprotocol/server/_shims': join(import.meta.dirname, 'mcp-shims.js') },
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    legalComments: 'none',
    logLevel: 'warning',
  });
  writeLicences(folder, 'server.js', metafile);
}
