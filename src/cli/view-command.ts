// Implements `mqtrace view`: runs the viewer.
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { duration, startView } from '../view/index.ts';
import { type Command, numberOf, type Output, readArguments } from './command.ts';
import { interruptible } from './interruptible.ts';
import { openBrowser } from './open-browser.ts';
import { load, loadMetrics, loadTrace } from './source.ts';

const options = {
  host: { type: 'string' },
  token: { type: 'string' },
  port: { type: 'string' },
  'otlp-port': { type: 'string' },
  'grpc-port': { type: 'string' },
  file: { type: 'string' },
  from: { type: 'string' },
  prometheus: { type: 'string' },
  window: { type: 'string' },
  jaeger: { type: 'string' },
  trace: { type: 'string' },
  'max-spans': { type: 'string' },
  open: { type: 'boolean', default: true },
} as const;

const silent = { error: () => {}, progress: () => {} };

export const viewCommand: Command = {
  help: `mqtrace view: collects spans and metrics on this machine and shows them in the browser

  --port N        port of the page (default 4319)
  --otlp-port N   port of OTLP/HTTP (default 4318)
  --grpc-port N   port of OTLP/gRPC (default 4317)
  --host ADDRESS  listen on this address instead of 127.0.0.1; requires a token
  --token TOKEN   the token (default: generated)
  --file FILE     store received requests, and show them again after a restart; only you can read the file
  --from FILE     show a file: OTLP JSON lines, or one that --file wrote
  --prometheus URL  show the metrics of mqtrace in Prometheus on the map, read again every 15 s
    --window MIN    the last MIN minutes (default 60)
  --jaeger URL    import a trace of Jaeger's query service, with the traces that it links to
    --trace ID    the id of the trace
  --max-spans N   maximum number of spans (default 1000000); the oldest are removed first
  --no-open       do not open the browser

No request leaves this machine, except to the addresses in these options.`,
  async run(args, output) {
    const { values } = readArguments(args, options);
    const begun = performance.now();
    const port = (name: 'port' | 'otlp-port' | 'grpc-port'): number | undefined =>
      numberOf(name, values[name], 0, 65_535);
    const spans = numberOf('max-spans', values['max-spans'], 1000, 20_000_000);
    const view = await startView({
      ...(values.host !== undefined && { host: values.host }),
      token: values.token,
      port: port('port') ?? 4319,
      otlpPort: port('otlp-port') ?? 4318,
      grpcPort: port('grpc-port') ?? 4317,
      file: values.file,
      ...(spans !== undefined && { limits: { spans } }),
      pageFolder: existsSync(join(output.pageFolder, 'page.js')) ? output.pageFolder : undefined,
      onProgress: (share) => {
        if (performance.now() - begun > 1000) output.progress(`reading ${values.file}: ${Math.round(share * 100)} %`);
      },
    });
    output.progress('');
    let refresh: NodeJS.Timeout | undefined;
    return interruptible(async (signal) => {
      try {
        if (values.from !== undefined) await load(view.store, values.from, output, signal);
        if (values.jaeger !== undefined) await loadTrace(view.store, values, output, undefined, signal);
        if (values.prometheus !== undefined) {
          await loadMetrics(view.store, values, output, signal);
          // The limits were printed at the start. After a failure the figures remain until Prometheus answers again.
          refresh = setInterval(
            () => void loadMetrics(view.store, values, { ...output, ...silent }, signal).catch(() => {}),
            15_000,
          );
        }
        tell(view, output, performance.now() - begun);
        if (values.open && output.interactive) openBrowser(view.url);
        if (!signal.aborted) await once(signal, 'abort');
        return 0;
      } finally {
        clearInterval(refresh);
        await view.close();
      }
    });
  },
};

function tell(
  view: { url: string; otlpUrl: string; grpcUrl: string; token: string | undefined },
  output: Output,
  took: number,
): void {
  output.out(`mqtrace view: ${view.url} (ready in ${duration(took)})`);
  output.out(`services send to: ${view.otlpUrl} (OTLP/HTTP) or ${view.grpcUrl} (OTLP/gRPC), for example`);
  output.out(`    OTEL_EXPORTER_OTLP_ENDPOINT=${view.otlpUrl} node app.js`);
  if (view.token !== undefined)
    output.out(`and with the token: OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20${view.token}"`);
  output.out('Press Ctrl-C to stop.');
}
