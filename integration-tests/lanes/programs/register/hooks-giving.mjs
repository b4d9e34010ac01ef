// Module hooks in their own thread, as another package registers them: they pass everything on, and give the source of each file.
import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';

// The hooks' own thread preloads this file too.
if (isMainThread) register(import.meta.url);

export async function load(url, context, next) {
  const result = await next(url, context);
  if (result.format !== 'commonjs' || (result.source ?? undefined) !== undefined) return result;
  return { ...result, source: readFileSync(fileURLToPath(url)) };
}
