// Opens the source of a command's data: a running view or a file.
import { existsSync, statSync } from 'node:fs';
import { MqtraceError } from '../common/errors.ts';
import {
  type Answer,
  answerFrom,
  type AnswerPath,
  importPrometheus,
  importTrace,
  jaegerSource,
  metricsCannotTell,
  readAnswer,
  readFileInto,
  request,
  SpanStore,
  streamType,
} from '../view/index.ts';
import { numberOf, type Output } from './command.ts';
import { waiting } from './waiting.ts';

/** Options that select the source of a command's data. */
export const sourceOptions = {
  url: { type: 'string' },
  token: { type: 'string' },
  from: { type: 'string' },
  prometheus: { type: 'string' },
  window: { type: 'string' },
  jaeger: { type: 'string' },
  trace: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

export const sourceHelp = `  --url URL      a running "mqtrace view"; default http://127.0.0.1:4319, or MQTRACE_VIEW_URL
  --token TOKEN  its token, if it was started with --host; or MQTRACE_VIEW_TOKEN
  --from FILE    a file instead: OTLP JSON lines, or one that "mqtrace view --file" wrote
  --prometheus URL  the metrics of mqtrace in Prometheus instead, for the map
    --window MIN    the last MIN minutes (default 60)
  --jaeger URL      a trace of Jaeger's query service instead, with the traces that it links to
    --trace ID      the id of the trace
  --json         the answer as JSON, with its schema (docs/view.md)`;

const defaultUrl = 'http://127.0.0.1:4319';

/** Answers one request. */
export type Source = (path: AnswerPath, parameters?: Record<string, string | undefined>) => Promise<Answer>;

/** The values of these options. */
export interface SourceValues {
  url?: string | undefined;
  token?: string | undefined;
  from?: string | undefined;
  prometheus?: string | undefined;
  window?: string | undefined;
  jaeger?: string | undefined;
  trace?: string | undefined;
}

/** @throws MqtraceError `INVALID_OPTION` for invalid options; `INVALID_STATE` if the source cannot be reached. */
export async function openSource(
  values: SourceValues,
  output: Output,
  id?: string,
  signal?: AbortSignal,
): Promise<Source> {
  const given = (['url', 'from', 'prometheus', 'jaeger'] as const).filter((name) => values[name] !== undefined);
  if (given.length > 1) {
    const [first, second] = given.map((name) => `--${name}`);
    throw new MqtraceError('INVALID_OPTION', `expected ${first} or ${second}, got both`);
  }
  const [choice] = given;
  if (choice === undefined || choice === 'url') {
    const url = values.url ?? output.environment['MQTRACE_VIEW_URL'] ?? defaultUrl;
    return running(url, values.token ?? output.environment['MQTRACE_VIEW_TOKEN'], output, signal);
  }
  const store = new SpanStore();
  if (choice === 'from') await load(store, values.from!, output, signal);
  else if (choice === 'jaeger') await loadTrace(store, values, output, id, signal);
  else await loadMetrics(store, values, output, signal);
  return (path, parameters = {}) => {
    if (choice === 'prometheus' && path !== '/api/map')
      throw new MqtraceError('INVALID_OPTION', `--prometheus: ${metricsCannotTell} Use "mqtrace map".`);
    return waiting(output, 'searching', (tell) => answerFrom(store, path, searchParams(parameters), signal, tell));
  };
}

/** Imports a trace of Jaeger with those that it links to, and prints the limits of this source. */
export async function loadTrace(
  store: SpanStore,
  values: SourceValues,
  output: Output,
  id?: string,
  signal?: AbortSignal,
): Promise<void> {
  const trace = values.trace ?? id;
  if (trace === undefined || !/^[0-9a-f]{32}$/i.test(trace))
    throw new MqtraceError(
      'INVALID_OPTION',
      `--jaeger: expected --trace ID with 32 hex digits, got ${JSON.stringify(trace)}`,
    );
  const source = jaegerSource(checkedUrl('jaeger', values.jaeger!));
  const { traces, spans, missing, more } = await waiting(
    output,
    `asking ${source.name} at ${values.jaeger}`,
    (tell) => {
      const onProgress = (traces: number): void => tell(`${source.name}: ${traces} traces`);
      return importTrace(store, source, trace.toLowerCase(), { onProgress, ...(signal && { signal }) });
    },
  );
  if (traces === 0)
    throw new MqtraceError('INVALID_STATE', `${source.name} at ${values.jaeger} does not have the trace ${trace}.`);
  output.error(
    `${source.name}: ${traces} traces, ${spans} spans${missing > 0 ? `; ${missing} linked traces were not found` : ''}${more ? '; further linked traces were omitted' : ''}. ${source.cannotTell}`,
  );
}

/** Reads the metrics of Prometheus, and prints the limits of this source. */
export async function loadMetrics(
  store: SpanStore,
  values: SourceValues,
  output: Output,
  signal?: AbortSignal,
): Promise<void> {
  const windowS = (numberOf('window', values.window, 1, 60 * 24 * 31) ?? 60) * 60;
  const url = checkedUrl('prometheus', values.prometheus!);
  const series = await waiting(output, `asking Prometheus at ${url}`, () =>
    importPrometheus(store, url, { windowS, ...(signal && { signal }) }),
  );
  output.error(
    series === 0
      ? `Prometheus at ${values.prometheus} has no metrics of mqtrace within the last ${windowS / 60} minutes. See docs/metrics.md for how to enable them.`
      : `Prometheus: ${series} series of the last ${windowS / 60} minutes. ${metricsCannotTell}`,
  );
}

function checkedUrl(option: string, url: string): string {
  if (URL.canParse(url) && /^https?:/.test(url)) return url;
  throw new MqtraceError(
    'INVALID_OPTION',
    `--${option}: expected a URL such as http://localhost:9090, got ${JSON.stringify(url)}`,
  );
}

/** Reads a file into a store, with progress if it takes longer than a second. @throws MqtraceError `INVALID_OPTION` */
export async function load(store: SpanStore, path: string, output: Output, signal?: AbortSignal): Promise<void> {
  if (!existsSync(path) || !statSync(path).isFile())
    throw new MqtraceError(
      'INVALID_OPTION',
      `--from: expected a file, got ${JSON.stringify(path)}, which ${existsSync(path) ? 'is not a file' : 'does not exist'}`,
    );
  const { requests, refused, damage } = await waiting(output, `reading ${path}`, (tell) =>
    readFileInto(store, path, tell, signal),
  );
  if (requests === 0)
    throw new MqtraceError(
      'INVALID_OPTION',
      `--from: ${path} contains no OTLP requests. Expected one JSON request per line, as the file destination and the Collector's file exporter write them, or a file of "mqtrace view --file".`,
    );
  if (damage !== undefined)
    output.error(`${path}: the compressed file is damaged or ends too early (${damage}); what precedes that was read`);
  if (refused > 0) output.error(`${path}: ${refused} lines are not OTLP JSON and were skipped`);
}

function running(base: string, token: string | undefined, output: Output, signal: AbortSignal | undefined): Source {
  return (path, parameters = {}) =>
    waiting(output, `asking ${base}`, (tell) => askView(base, token, path, parameters, tell, signal));
}

async function askView(
  base: string,
  token: string | undefined,
  path: AnswerPath,
  parameters: Record<string, string | undefined>,
  tell: (share: number) => void,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const url = new URL(path, base);
  url.search = searchParams(parameters).toString();
  const headers = {
    accept: path === '/api/search' ? streamType : 'application/json',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  const unreachable = (cause: unknown): MqtraceError =>
    new MqtraceError(
      'INVALID_STATE',
      `no view responds at ${base}. Start one with "mqtrace view", select another with --url, or read a file with --from.`,
      { cause },
    );
  const response = await request(url, headers, signal, unreachable);
  if (response.status === 404) return undefined;
  if (response.ok) return (await readAnswer(response, tell)) as Answer;
  const body = (await response.json().catch(() => ({}))) as { error?: string };
  throw new MqtraceError('INVALID_STATE', `${base} answered ${response.status}: ${body.error ?? 'no reason given'}`);
}

function searchParams(parameters: Record<string, string | undefined>): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) search.set(name, value);
  return search;
}
