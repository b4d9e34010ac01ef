// Implements startView(): receives telemetry, stores it in memory and serves the page.
import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import type { Http2Server, Http2Session } from 'node:http2';
import { type AddressInfo, createServer } from 'node:net';
import { MqtraceError } from '../common/errors.ts';
import { type Access, isLoopback } from './receiver/access.ts';
import { createGrpcReceiver } from './receiver/grpc-receiver.ts';
import { createHttpReceiver } from './receiver/http-receiver.ts';
import { Intake, type Signal } from './receiver/intake.ts';
import { RequestLog } from './receiver/request-log.ts';
import { pageFiles } from './server/page-files.ts';
import { createPageServer } from './server/page-server.ts';
import { SpanStore, type StoreLimits } from './store/store.ts';

/** Options of {@link startView}. */
export interface ViewOptions {
  /** Address to listen on. Default: 127.0.0.1. Another address requires a token, which is generated if none is given. */
  host?: string;
  token?: string | undefined;
  /** Port of the page. Default: 4319. 0: any free port. */
  port?: number;
  /** Port of OTLP/HTTP. Default: 4318. */
  otlpPort?: number;
  /** Port of OTLP/gRPC. Default: 4317. */
  grpcPort?: number;
  /** File to which received requests are appended; it is read at the start. */
  file?: string | undefined;
  limits?: Partial<StoreLimits>;
  /** Directory of the built page; without it there is only the HTTP API. */
  pageFolder?: string | undefined;
  /** Called with the share of the file that has been read. */
  onProgress?: (share: number) => void;
}

/** A running view. */
export interface View {
  /** Address of the page, with the token if there is one. */
  url: string;
  /** Addresses to which services send. */
  otlpUrl: string;
  grpcUrl: string;
  token: string | undefined;
  store: SpanStore;
  close(): Promise<void>;
}

/** Starts the receivers, the store and the page. @throws MqtraceError `INVALID_STATE` if a port is already in use. */
export async function startView(options: ViewOptions = {}): Promise<View> {
  const host = options.host ?? '127.0.0.1';
  const token = options.token ?? (isLoopback(host) ? undefined : randomBytes(18).toString('base64url'));
  const access: Access = { host, token };
  const store = new SpanStore(options.limits);
  const log = options.file === undefined ? undefined : await openLog(options.file, store, options.onProgress);
  const intake = new Intake(store, log && ((signal, request) => log.append(signal, request)));
  const endpoints = {
    http: undefined as string | undefined,
    grpc: undefined as string | undefined,
    file: options.file,
  };
  const http = createHttpReceiver(intake, access);
  const grpc = createGrpcReceiver(intake, access);
  const page = createPageServer({
    store,
    intake,
    access,
    files: pageFiles(options.pageFolder),
    endpoints: () => endpoints,
  });
  const sessions = new Set<Http2Session>();
  grpc.on('session', (session) => sessions.add(session.once('close', () => sessions.delete(session))));
  const clock = setInterval(() => store.tick(), 5000).unref();
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= closeAll());
  const closeAll = async (): Promise<void> => {
    clearInterval(clock);
    for (const session of sessions) session.destroy();
    await Promise.all([stop(http), stop(page), stop(grpc)]);
    log?.close();
  };
  try {
    endpoints.http = await listen(http, host, options.otlpPort ?? 4318, 'OTLP/HTTP', '--otlp-port');
    endpoints.grpc = await listen(grpc, host, options.grpcPort ?? 4317, 'OTLP/gRPC', '--grpc-port');
    const url = await listen(page, host, options.port ?? 4319, 'the page', '--port');
    return {
      url: token === undefined ? url : `${url}/?token=${token}`,
      otlpUrl: endpoints.http,
      grpcUrl: endpoints.grpc,
      token,
      store,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openLog(path: string, store: SpanStore, onProgress?: (share: number) => void): Promise<RequestLog> {
  const add = (signal: Signal, request: Buffer): void => {
    try {
      if (signal === 'traces') store.addTraces(request);
      else store.addMetrics(request);
    } catch {
      // It was also rejected when it was received.
    }
  };
  const log = await RequestLog.open(path, add, onProgress);
  store.settle();
  return log;
}

async function listen(
  server: Server | Http2Server,
  host: string,
  port: number,
  what: string,
  option: string,
): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port, what, option)));
    server.listen(port, host, resolve);
  });
  if (host === '127.0.0.1' && port !== 0) await expectFree(port, what, option);
  const address = server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}

/** Rejects if another process listens on the IPv6 loopback address, to which services that send to `localhost` may connect. */
async function expectFree(port: number, what: string, option: string): Promise<void> {
  const probe = createServer();
  const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    probe.once('error', resolve);
    probe.listen(port, '::1', () => probe.close(() => resolve(undefined)));
  });
  // Without IPv6 there is another error.
  if (error?.code === 'EADDRINUSE') throw cannotListen(error, '::1', port, what, option);
}

function cannotListen(
  error: NodeJS.ErrnoException,
  host: string,
  port: number,
  what: string,
  option: string,
): MqtraceError {
  const taken = error.code === 'EADDRINUSE';
  const reason = taken
    ? `port ${port} for ${what} is already in use${host === '::1' ? ' on [::1]' : ''}. Services that send to it send to the other process, and not to this one. ` +
      `End that process (on Linux, find it with "ss -ltnp 'sport = :${port}'"), or choose another port with ${option} and set ` +
      `OTEL_EXPORTER_OTLP_ENDPOINT of the services to match it.`
    : `cannot listen on ${host}:${port} for ${what}: ${error.message}`;
  return new MqtraceError('INVALID_STATE', reason, { cause: error });
}

function stop(server: Server | Http2Server): Promise<void> {
  if ('closeAllConnections' in server) server.closeAllConnections();
  return new Promise((resolve) => {
    if (!server.listening) resolve();
    else server.close(() => resolve());
  });
}

export { counted, duration, rate } from './queries/durations.ts';
export { shownWait } from './queries/shown-wait.ts';
export type {
  ConsumerRow,
  DestinationCard,
  HealthAnswer,
  JourneyAnswer,
  JourneyRow,
  MapAnswer,
  MessageSummary,
  SearchAnswer,
} from './queries/types.ts';
export { importPrometheus, metricsCannotTell } from './sources/prometheus.ts';
export { request } from './sources/ask.ts';
export { importTrace } from './sources/import-trace.ts';
export { jaegerSource } from './sources/jaeger.ts';
export { readFileInto } from './receiver/read-file.ts';
export { type Answer, answerFrom, type AnswerPath } from './server/api.ts';
export { readAnswer, streamType } from './server/answer-stream.ts';
export { SpanStore } from './store/store.ts';
