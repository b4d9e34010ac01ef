// Reads the file with the options of mqtrace/register.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { MqtraceError } from '../common/errors.ts';
import { warn } from '../common/warnings.ts';
import { checkRegisterOptions, type RegisterOptions } from './options.ts';

const names = ['mqtrace.config.mjs', 'mqtrace.config.cjs', 'mqtrace.config.json'];

/**
 * Reads the options from the file that `MQTRACE_CONFIG` names, else from `mqtrace.config.mjs`, `.cjs` or `.json` in the working
 * directory. If a file cannot be used, this is reported, and the service starts without it.
 *
 * @param named - value of `MQTRACE_CONFIG`, relative to the working directory.
 */
export function readConfigFile(named: string | undefined): RegisterOptions {
  const path = named ?? names.find((name) => existsSync(resolve(name)));
  if (path === undefined) return {};
  try {
    const options = load(resolve(path));
    checkRegisterOptions(path, options);
    return options;
  } catch (error) {
    warn(`${path} is ignored: ${problem(path, error)}`);
    return {};
  }
}

function load(path: string): unknown {
  if (path.endsWith('.json')) return JSON.parse(readFileSync(path, 'utf8'));
  const loaded = createRequire(path)(path) as { default?: unknown };
  return loaded.default ?? loaded;
}

function problem(path: string, error: unknown): string {
  // Messages of mqtrace describe the wrong option. Other errors are described by their code, if it is known.
  if (error instanceof MqtraceError) return error.message;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'MODULE_NOT_FOUND') return `it, or a module that it needs, was not found (${code})`;
  if (code === 'ERR_REQUIRE_ESM') return 'this version of Node.js cannot load it synchronously; name it .cjs or .json';
  if (code === 'ERR_REQUIRE_ASYNC_MODULE') return 'it uses top-level await, but options are loaded synchronously';
  // The message of a syntax error quotes the file, which may contain tokens.
  if (path.endsWith('.json') && error instanceof SyntaxError) {
    const place = /position \d+|line \d+ column \d+/.exec(error.message)?.[0];
    return `it is not valid JSON${place === undefined ? '' : `, at ${place}`}`;
  }
  return `it failed to load: ${String(error)}`;
}
