// Opens the source of a command's data: a running view or a file.
import { existsSync, statSync } from 'node:fs';
import { MqtraceError } from '../common/errors.ts';
import { type Answer, answerFrom, type AnswerPath, readFileInto, SpanStore } from '../view/index.ts';
import type { Output } from './command.ts';

/** Options by which every command says where its answers come from. */
export const sourceOptions = {
  url: { type: 'string' },
  token: { type: 'string' },
  from: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

export const sourceHelp = `  --url URL      a running "mqtrace view"; default http://127.0.0.1:4319, or MQTRACE_VIEW_URL
  --token TOKEN  its token, where it was started with --host; or MQTRACE_VIEW_TOKEN
  --from FILE    a file instead: OTLP JSON lines, or what "mqtrace view --file" kept
  --json         the answer as JSON, with its schema (docs/view.md)`;

const defaultUrl = 'http://127.0.0.1:4319';
const timeoutMs = 30_000;

/** Answers one question. */
export type Source = (path: AnswerPath, parameters?: Record<string, string | undefined>) => Promise<Answer>;

/** @throws MqtraceError `INVALID_OPTION` for a wrong choice; `INVALID_STATE` where the source cannot be reached. */
export async function openSource(
  values: { url?: string | undefined; token?: string | undefined; from?: string | undefined },
  output: Output,
): Promise<Source> {
  if (values.from !== undefined && values.url !== undefined)
    throw new MqtraceError('INVALID_OPTION', 'expected --url or --from, got both');
  if (values.from === undefined) {
    const url = values.url ?? output.environment['MQTRACE_VIEW_URL'] ?? defaultUrl;
    return running(url, values.token ?? output.environment['MQTRACE_VIEW_TOKEN']);
  }
  const store = new SpanStore();
  await load(store, values.from, output);
  return (path, parameters = {}) => answerFrom(store, path, searchParams(parameters));
}

/** Reads a file into a store, with progress where it takes longer than a second. @throws MqtraceError `INVALID_OPTION` */
export async function load(store: SpanStore, path: string, output: Output): Promise<void> {
  if (!existsSync(path) || !statSync(path).isFile())
    throw new MqtraceError(
      'INVALID_OPTION',
      `--from: expected a file, got ${JSON.stringify(path)}, which does not exist`,
    );
  const begun = performance.now();
  const { requests, refused } = await readFileInto(store, path, (share) => {
    if (performance.now() - begun > 1000) output.progress(`reading ${path}: ${Math.round(share * 100)} %`);
  });
  output.progress('');
  if (requests === 0)
    throw new MqtraceError(
      'INVALID_OPTION',
      `--from: ${path} holds no OTLP requests. Expected one JSON request a line, as the file destination and the Collector's file exporter write them, or a file of "mqtrace view --file".`,
    );
  if (refused > 0) output.error(`${path}: ${refused} lines are no OTLP JSON and were passed over`);
}

function running(base: string, token: string | undefined): Source {
  return async (path, parameters = {}) => {
    const url = new URL(path, base);
    url.search = searchParams(parameters).toString();
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    let response: Response;
    try {
      response = await fetch(url, { headers, signal: AbortSignal.timeout(timeoutMs) });
    } catch (error) {
      throw new MqtraceError(
        'INVALID_STATE',
        `no view answers at ${base}. Start one with "mqtrace view", name another with --url, or read a file with --from.`,
        { cause: error },
      );
    }
    const body = (await response.json().catch(() => ({}))) as { error?: string };
    if (response.status === 404) return undefined;
    if (!response.ok)
      throw new MqtraceError('INVALID_STATE', `${base} answered ${response.status}: ${body.error ?? 'no reason'}`);
    return body;
  };
}

function searchParams(parameters: Record<string, string | undefined>): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) search.set(name, value);
  return search;
}
