// Runs a project's tracing setup in a separate process and checks what it registered.
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type DoctorFinding, note, problem } from './finding.ts';
import { type PackageManager, packageManagerOf } from './package-manager.ts';

const timeoutMs = 20_000;

/** The result of the probe. */
interface Seen {
  api: string;
  contextManager: boolean;
  contextAcrossAwait: boolean;
  provider: boolean;
  recording: boolean;
  traceSurvives: boolean;
  baggageSurvives: boolean;
  fields: string[];
  patched: string[];
}

// Text, not a module: it runs with the project's packages. Its span is not ended, so that nothing is exported.
const probe = `
const { createRequire } = require('node:module');
const { join } = require('node:path');
const load = createRequire(join(process.env.MQTRACE_PROBE_PROJECT, 'package.json'));
const send = (seen) => { require('node:fs').writeSync(3, JSON.stringify(seen)); process.exit(0); };
(async () => {
  let api;
  try { api = load('@opentelemetry/api'); } catch { return send({ api: '' }); }
  const { context, propagation, trace, ROOT_CONTEXT, createContextKey } = api;
  const key = createContextKey('mqtrace-probe');
  const inside = ROOT_CONTEXT.setValue(key, 1);
  let contextAcrossAwait = false;
  const contextManager = context.with(inside, () => context.active().getValue(key) === 1);
  await context.with(inside, async () => {
    await new Promise((resolve) => setImmediate(resolve));
    contextAcrossAwait = context.active().getValue(key) === 1;
  });
  const span = trace.getTracer('mqtrace-probe').startSpan('mqtrace probe', {}, ROOT_CONTEXT);
  const spanContext = span.spanContext();
  const sent = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };
  const carrier = {};
  const baggage = propagation.createBaggage({ probe: { value: '1' } });
  propagation.inject(propagation.setBaggage(trace.setSpanContext(ROOT_CONTEXT, sent), baggage), carrier);
  const received = propagation.extract(ROOT_CONTEXT, carrier);
  const patched = [];
  const look = (name, of) => {
    try { if (of(load(name)).some((method) => typeof method === 'function' && method.__wrapped === true)) patched.push(name); } catch {}
  };
  look('kafkajs', ({ Kafka }) => [Kafka.prototype.producer, Kafka.prototype.consumer]);
  look('amqplib', () => { const { Channel } = load('amqplib/lib/channel_model'); return ['publish', 'consume', 'ack'].map((name) => Channel.prototype[name]); });
  look('ioredis', (Redis) => [(Redis.default ?? Redis).prototype.sendCommand]);
  send({
    api: 'yes', contextManager, contextAcrossAwait,
    provider: trace.isSpanContextValid(spanContext), recording: span.isRecording(),
    traceSurvives: trace.getSpanContext(received)?.traceId === sent.traceId,
    baggageSurvives: propagation.getBaggage(received)?.getEntry('probe')?.value === '1',
    fields: propagation.fields(), patched,
  });
})();
`;

/** Finds problems of the registrations of a setup file; `setup` is loaded like with `node --import`. */
export async function checkSetup(
  project: string,
  setup: string,
  environment: Readonly<Record<string, string | undefined>>,
  signal?: AbortSignal,
): Promise<DoctorFinding[]> {
  const { seen, error } = await run(resolve(project), setup, environment, signal);
  signal?.throwIfAborted();
  if (seen === undefined)
    return [
      problem(
        'setup-fails',
        `${setup} does not finish: ${error.trim().split('\n').slice(-8).join(' ').slice(-600) || `no answer within ${timeoutMs / 1000} s`}`,
        `node --import ${setup} --eval 0`,
      ),
    ];
  if (seen.api === '')
    return [
      problem(
        'api-missing',
        '@opentelemetry/api is not installed.',
        packageManagerOf(project).add('@opentelemetry/api@~1.9'),
      ),
    ];
  return judge(seen, setup, packageManagerOf(project));
}

function judge(seen: Seen, setup: string, manager: PackageManager): DoctorFinding[] {
  const findings: DoctorFinding[] = [];
  if (!seen.provider)
    findings.push(
      problem(
        'provider-missing',
        `${setup} does not register a tracer provider with the project's @opentelemetry/api: no span is created.`,
        `Call startTracing() of mqtrace/sdk, or your SDK's register(), in this file; "${manager.why('@opentelemetry/api')}" shows whether there are two copies.`,
      ),
    );
  else if (!seen.recording)
    findings.push(
      note(
        'not-sampled',
        `${setup}: a new trace is not recorded. This may be intended, if the sampler keeps few traces.`,
        'OTEL_TRACES_SAMPLER=parentbased_always_on',
      ),
    );
  if (!seen.contextManager || !seen.contextAcrossAwait)
    findings.push(
      problem(
        'context-manager-missing',
        seen.contextManager
          ? `${setup}: the context is lost across await: the context manager does not follow promises.`
          : `${setup} does not register a context manager: no span has a parent, and nothing is injected.`,
        'Call startTracing() of mqtrace/sdk, or context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())',
      ),
    );
  if (!seen.traceSurvives)
    findings.push(
      problem(
        'propagator-none',
        `${setup}: the propagator${seen.fields.length === 0 ? ' is missing' : ` (${seen.fields.join(', ')}) loses trace ids`}: each hop is a separate trace.`,
        'OTEL_PROPAGATORS=tracecontext,baggage, or the propagators of your SDK',
      ),
    );
  else if (!seen.baggageSurvives)
    findings.push(
      problem(
        'propagator-drops-baggage',
        `${setup}: the propagator (${seen.fields.join(', ')}) drops baggage: it ends at this service.`,
        'new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] })',
      ),
    );
  for (const client of seen.patched)
    findings.push(
      note(
        'auto-instrumentation',
        `${setup} patches ${client} by auto-instrumentation: if it is also wrapped, each consumed message has two spans.`,
        `OTEL_NODE_DISABLED_INSTRUMENTATIONS=${client}, or leave out the wrapper`,
      ),
    );
  return findings;
}

function run(
  project: string,
  setup: string,
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal | undefined,
): Promise<{ seen: Seen | undefined; error: string }> {
  return new Promise((done) => {
    const file = pathToFileURL(resolve(project, setup)).href;
    const child = spawn(process.execPath, ['--import', file, '--eval', probe], {
      cwd: project,
      env: { ...environment, MQTRACE_PROBE_PROJECT: project },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      signal,
    });
    let error = '';
    let answer = '';
    child.stderr!.on('data', (chunk: Buffer) => (error = (error + chunk.toString()).slice(-10_000)));
    (child.stdio[3] as NodeJS.ReadableStream).on('data', (chunk: Buffer) => (answer += chunk.toString()));
    child.once('error', (reason) => done({ seen: undefined, error: reason.message }));
    child.once('close', () => {
      try {
        done({ seen: JSON.parse(answer) as Seen, error });
      } catch {
        done({ seen: undefined, error });
      }
    });
  });
}
