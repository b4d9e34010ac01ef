// Implements `mqtrace doctor`: finds problems of a project, its environment and its messages.
import { MqtraceError } from '../common/errors.ts';
import { type Command, numberOf, type Output, readArguments } from './command.ts';
import { checkCollector } from './doctor/check-collector.ts';
import { checkEnvironment, checkSpool } from './doctor/check-environment.ts';
import { checkPackages } from './doctor/check-packages.ts';
import { checkSetup } from './doctor/check-setup.ts';
import type { DoctorFinding } from './doctor/finding.ts';
import { checkLive, type Live, type LookedAt } from './doctor/live/check-live.ts';
import { interruptible } from './interruptible.ts';
import { printable, wrap } from './text.ts';
import { waiting } from './waiting.ts';

const options = {
  project: { type: 'string', default: '.' },
  setup: { type: 'string' },
  spool: { type: 'string' },
  offline: { type: 'boolean', default: false },
  kafka: { type: 'string' },
  topic: { type: 'string' },
  'kafka-tls': { type: 'boolean', default: false },
  'kafka-sasl': { type: 'string' },
  amqp: { type: 'string' },
  queue: { type: 'string' },
  'amqp-management': { type: 'string' },
  'peek-queue': { type: 'boolean', default: false },
  redis: { type: 'string' },
  stream: { type: 'string' },
  count: { type: 'string' },
  wait: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;
type Values = ReturnType<typeof readArguments<typeof options>>['values'];

const saslMechanisms = ['plain', 'scram-sha-256', 'scram-sha-512'];

export const doctorCommand: Command = {
  help: `mqtrace doctor: checks a project, its environment and its messages, and suggests a fix for each finding

Exits with code 1 if there is a problem.

  --project DIR  the project (default: this directory); its clients are the ones that read messages
  --setup FILE   run this tracing setup in a separate process, and check what it registers
  --spool DIR    check that this directory can hold a spool
  --offline      do not check whether the collector responds
  --json         the findings as JSON

Messages of a broker, without their values; nothing is left behind, also after Ctrl-C:

  --kafka BROKERS --topic T   the newest messages, read by a group that commits nothing and is deleted
    --kafka-tls               connect with TLS
    --kafka-sasl MECHANISM    plain, scram-sha-256 or scram-sha-512, with MQTRACE_KAFKA_USERNAME and MQTRACE_KAFKA_PASSWORD
  --amqp URL --queue Q        copies of new messages, from a separate queue with the bindings of Q; a stream by offset
    --amqp-management URL     the management API, which lists the bindings (default: port 15672 of the same host)
    --peek-queue              get the messages themselves and put them back: marks them as redelivered; not for quorum queues
  --redis URL --stream S      the newest entries
  --count N                   how many messages are checked (default 50)
  --wait SECONDS              how long to wait for them (default 10)`,
  run(args, output) {
    const { values } = readArguments(args, options);
    const live = liveOf(values, output);
    const count = numberOf('count', values.count, 1, 1000) ?? 50;
    const waitMs = (numberOf('wait', values.wait, 1, 3600) ?? 10) * 1000;
    return interruptible(async (signal) => {
      const findings = await projectFindings(values, output, signal);
      const { project } = values;
      const seen = await waiting(output, 'reading messages', () => checkLive(live, { project, count, waitMs, signal }));
      findings.push(...seen.findings);
      if (values.json) {
        output.out(JSON.stringify({ schema: 'mqtrace.doctor/1', findings, messages: seen.looked }, undefined, 2));
      } else {
        for (const line of doctorText(findings, output.width)) output.out(line);
        for (const line of messagesText(seen.looked, output.width)) output.out(line);
      }
      return findings.some(({ severity }) => severity === 'problem') ? 1 : 0;
    });
  },
};

async function projectFindings(values: Values, output: Output, signal: AbortSignal): Promise<DoctorFinding[]> {
  const { environment } = output;
  const findings = [...checkPackages(values.project), ...checkEnvironment(environment)];
  const { setup } = values;
  if (setup !== undefined)
    findings.push(
      ...(await waiting(output, `running ${setup}`, () => checkSetup(values.project, setup, environment, signal))),
    );
  if (values.spool !== undefined) findings.push(...checkSpool(values.spool));
  const protocol = environment['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] ?? environment['OTEL_EXPORTER_OTLP_PROTOCOL'];
  const given = environment['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? environment['OTEL_EXPORTER_OTLP_ENDPOINT'];
  const endpoint = given ?? `http://localhost:${protocol === 'grpc' ? 4317 : 4318}`;
  if (!values.offline && !findings.some(({ check }) => check === 'wrong-port' || check === 'endpoint-invalid'))
    findings.push(
      ...(await waiting(output, `asking ${endpoint}`, () =>
        checkCollector(endpoint, protocol ?? 'http/protobuf', signal),
      )),
    );
  return findings;
}

/** @throws MqtraceError `INVALID_OPTION` if one of two options that are used together is missing. */
function liveOf(values: Values, output: Output): Live {
  const pair = (
    first: 'kafka' | 'amqp' | 'redis',
    second: 'topic' | 'queue' | 'stream',
  ): [string, string] | undefined => {
    const [a, b] = [values[first], values[second]];
    if (a === undefined && b === undefined) return undefined;
    if (a === undefined || b === undefined)
      throw new MqtraceError(
        'INVALID_OPTION',
        `expected --${first} and --${second} together, got only --${a === undefined ? second : first}`,
      );
    return [a, b];
  };
  const [kafka, amqp, redis] = [pair('kafka', 'topic'), pair('amqp', 'queue'), pair('redis', 'stream')];
  for (const [option, url] of [
    ['amqp', amqp?.[0]],
    ['redis', redis?.[0]],
    ['amqp-management', values['amqp-management']],
  ] as const)
    if (url !== undefined && !URL.canParse(url))
      throw new MqtraceError('INVALID_OPTION', `--${option}: expected a valid URL`);
  return {
    kafka: kafka && {
      brokers: kafka[0].split(',').map((broker) => broker.trim()),
      topic: kafka[1],
      tls: values['kafka-tls'],
      sasl: saslOf(values['kafka-sasl'], output.environment),
    },
    rabbitmq: amqp && {
      url: amqp[0],
      queue: amqp[1],
      management: values['amqp-management'],
      peek: values['peek-queue'],
      onWait: (seconds) => output.progress(`waiting up to ${seconds} s for new messages; press Ctrl-C to stop`),
    },
    redis: redis && { url: redis[0], stream: redis[1] },
  };
}

function saslOf(
  mechanism: string | undefined,
  environment: Output['environment'],
): { mechanism: string; username: string; password: string } | undefined {
  if (mechanism === undefined) return undefined;
  const [username, password] = [environment['MQTRACE_KAFKA_USERNAME'], environment['MQTRACE_KAFKA_PASSWORD']];
  if (!saslMechanisms.includes(mechanism))
    throw new MqtraceError(
      'INVALID_OPTION',
      `--kafka-sasl: expected one of ${saslMechanisms.join(', ')}, got ${JSON.stringify(mechanism)}`,
    );
  if (username === undefined || password === undefined)
    throw new MqtraceError(
      'INVALID_OPTION',
      '--kafka-sasl: expected MQTRACE_KAFKA_USERNAME and MQTRACE_KAFKA_PASSWORD in the environment',
    );
  return { mechanism, username, password };
}

function doctorText(findings: readonly DoctorFinding[], width: number): string[] {
  if (findings.length === 0) return ['No problems found.'];
  return findings.flatMap(({ check, severity, what, mend }) => [
    `${severity === 'problem' ? '!' : '-'} ${check}`,
    ...wrap(what, width, '  '),
    ...wrap(`fix: ${mend}`, width, '  '),
    '',
  ]);
}

/** The checked messages; equal ones are shown once. */
function messagesText(looked: readonly LookedAt[], width: number): string[] {
  const kinds = new Map<string, LookedAt[]>();
  for (const each of looked) {
    const kind = `${each.destination}\n${each.lines.map((line) => line.replaceAll(/\b[0-9a-f]{16,32}\b/g, '')).join('\n')}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), each]);
  }
  const shown: string[] = [];
  for (const same of [...kinds.values()].slice(0, 10)) {
    const [{ destination, at, lines }] = same as [LookedAt];
    const more = same.length === 1 ? '' : `, and ${same.length - 1} more like it`;
    shown.push(printable(`${destination}, ${at}${more}:`));
    for (const line of lines) shown.push(...wrap(line, width, '    '));
    shown.push('');
  }
  return shown;
}
