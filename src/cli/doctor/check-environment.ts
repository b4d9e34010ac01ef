// Checks the OTEL_* variables.
import { accessSync, constants, statSync } from 'node:fs';
import { type DoctorFinding, note, problem } from './finding.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const protocols = ['grpc', 'http/protobuf', 'http/json'];

/** Finds problems of the OTEL_* variables. */
export function checkEnvironment(environment: Environment): DoctorFinding[] {
  const value = (name: string): string => environment[name]?.trim() ?? '';
  const findings: DoctorFinding[] = [];
  const off = value('OTEL_SDK_DISABLED').toLowerCase() === 'true';
  if (off)
    findings.push(problem('sdk-disabled', 'OTEL_SDK_DISABLED=true: nothing is traced.', 'unset OTEL_SDK_DISABLED'));
  if (value('OTEL_TRACES_EXPORTER') === 'none')
    findings.push(
      problem('exporter-none', 'OTEL_TRACES_EXPORTER=none: no span is exported.', 'OTEL_TRACES_EXPORTER=otlp'),
    );
  if (value('OTEL_TRACES_SAMPLER').endsWith('always_off'))
    findings.push(
      problem(
        'sampler-off',
        `OTEL_TRACES_SAMPLER=${value('OTEL_TRACES_SAMPLER')}: no trace starts here.`,
        'OTEL_TRACES_SAMPLER=parentbased_always_on',
      ),
    );
  if (value('OTEL_SERVICE_NAME') === '' && !/(^|,)\s*service\.name=/.test(value('OTEL_RESOURCE_ATTRIBUTES')))
    findings.push(
      note(
        'service-name',
        'OTEL_SERVICE_NAME is not set: without the option of startTracing the service is "unknown_service".',
        'OTEL_SERVICE_NAME=billing',
      ),
    );
  findings.push(...propagators(value('OTEL_PROPAGATORS')), ...limits(value), ...endpoint(value));
  if (/auto-instrumentations-node/.test(value('NODE_OPTIONS')))
    findings.push(
      note(
        'auto-instrumentation',
        'NODE_OPTIONS loads auto-instrumentations-node: clients that are also wrapped have two spans for each message.',
        'OTEL_NODE_DISABLED_INSTRUMENTATIONS=kafkajs,amqplib,ioredis',
      ),
    );
  return findings;
}

function propagators(given: string): DoctorFinding[] {
  if (given === '') return [];
  const names = new Set(given.split(',').map((name) => name.trim()));
  const findings: DoctorFinding[] = [];
  if (names.has('none'))
    return [
      problem(
        'propagator-none',
        'OTEL_PROPAGATORS=none: no context is propagated, and each hop starts a new trace.',
        'OTEL_PROPAGATORS=tracecontext,baggage',
      ),
    ];
  if (!names.has('baggage'))
    findings.push(
      problem(
        'propagator-drops-baggage',
        `OTEL_PROPAGATORS=${given} omits baggage: it ends at this service.`,
        `OTEL_PROPAGATORS=${given},baggage`,
      ),
    );
  if (!names.has('tracecontext'))
    findings.push(
      note(
        'propagator-foreign',
        `OTEL_PROPAGATORS=${given} omits tracecontext: services with OpenTelemetry's default do not read it.`,
        `OTEL_PROPAGATORS=tracecontext,${given}`,
      ),
    );
  return findings;
}

function limits(value: (name: string) => string): DoctorFinding[] {
  const links = value('OTEL_SPAN_LINK_COUNT_LIMIT');
  if (links === '' || !(Number(links) < 128)) return [];
  return [
    problem(
      'link-limit',
      `OTEL_SPAN_LINK_COUNT_LIMIT=${links}: at most ${links} messages of a batch are linked.`,
      'unset OTEL_SPAN_LINK_COUNT_LIMIT',
    ),
  ];
}

function endpoint(value: (name: string) => string): DoctorFinding[] {
  const findings: DoctorFinding[] = [];
  const protocol =
    value('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') || value('OTEL_EXPORTER_OTLP_PROTOCOL') || 'http/protobuf';
  if (!protocols.includes(protocol))
    findings.push(
      problem(
        'protocol-unknown',
        `OTEL_EXPORTER_OTLP_PROTOCOL=${protocol} is none of ${protocols.join(', ')}.`,
        'OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
      ),
    );
  const base = value('OTEL_EXPORTER_OTLP_ENDPOINT');
  const given = value('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') || base;
  if (given === '') return findings;
  const text = given.includes('://') ? given : `http://${given}`;
  if (!URL.canParse(text) || (protocol !== 'grpc' && !/^https?:/.test(given)))
    return [
      ...findings,
      problem(
        'endpoint-invalid',
        `The endpoint ${JSON.stringify(given)} is not a URL.`,
        'OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318',
      ),
    ];
  const { port, pathname } = new URL(text);
  if (protocol === 'grpc' && port === '4318')
    findings.push(
      problem(
        'wrong-port',
        'gRPC is sent to port 4318, the port of OTLP over HTTP.',
        `${given.replace('4318', '4317')} or OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf`,
      ),
    );
  if (protocol !== 'grpc' && port === '4317')
    findings.push(
      problem(
        'wrong-port',
        'OTLP over HTTP is sent to port 4317, the port of gRPC.',
        `${given.replace('4317', '4318')} or OTEL_EXPORTER_OTLP_PROTOCOL=grpc`,
      ),
    );
  if (protocol !== 'grpc' && value('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') === '' && /\/v1\/traces\/?$/.test(pathname))
    findings.push(
      problem(
        'endpoint-path',
        `OTEL_EXPORTER_OTLP_ENDPOINT is a base URL to which /v1/traces is appended: ${given} becomes ${given}/v1/traces.`,
        `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${given}`,
      ),
    );
  return findings;
}

/** Checks whether a directory can be used for a spool. */
export function checkSpool(directory: string): DoctorFinding[] {
  try {
    if (!statSync(directory).isDirectory())
      return [
        problem(
          'spool-unusable',
          `${directory} is not a directory.`,
          `mv ${directory} ${directory}.old && mkdir ${directory}`,
        ),
      ];
    accessSync(directory, constants.W_OK | constants.X_OK);
    return [];
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return [
      problem(
        'spool-unusable',
        `${directory} ${missing ? 'does not exist' : 'cannot be written to'}.`,
        missing ? `mkdir -p ${directory}` : `chown ${process.getuid?.() ?? 'USER'} ${directory}`,
      ),
    ];
  }
}
