import { type Command, readArguments } from './command.ts';
import { checkCollector } from './doctor/check-collector.ts';
import { checkEnvironment, checkSpool } from './doctor/check-environment.ts';
import { checkPackages } from './doctor/check-packages.ts';
import type { DoctorFinding } from './doctor/finding.ts';
import { wrap } from './text.ts';

const options = {
  project: { type: 'string', default: '.' },
  spool: { type: 'string' },
  offline: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

export const doctorCommand: Command = {
  help: `mqtrace doctor: checks a project and its environment, and says what mends each finding

Ends with code 1 where there is a problem.

  --project DIR  the project (default: this directory)
  --spool DIR    check that this directory can hold a spool
  --offline      do not ask whether the collector answers
  --json         the findings as JSON`,
  async run(args, output) {
    const { values } = readArguments(args, options);
    const { environment } = output;
    const findings = [...checkPackages(values.project), ...checkEnvironment(environment)];
    if (values.spool !== undefined) findings.push(...checkSpool(values.spool));
    const protocol = environment['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] ?? environment['OTEL_EXPORTER_OTLP_PROTOCOL'];
    const given = environment['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? environment['OTEL_EXPORTER_OTLP_ENDPOINT'];
    const endpoint = given ?? `http://localhost:${protocol === 'grpc' ? 4317 : 4318}`;
    if (!values.offline && !findings.some(({ check }) => check === 'wrong-port' || check === 'endpoint-invalid'))
      findings.push(...(await checkCollector(endpoint, protocol ?? 'http/protobuf')));
    if (values.json) output.out(JSON.stringify({ schema: 'mqtrace.doctor/1', findings }, undefined, 2));
    else for (const line of doctorText(findings, output.width)) output.out(line);
    return findings.some(({ severity }) => severity === 'problem') ? 1 : 0;
  },
};

function doctorText(findings: readonly DoctorFinding[], width: number): string[] {
  if (findings.length === 0) return ['Nothing is wrong as far as can be seen from here.'];
  return findings.flatMap(({ check, severity, what, mend }) => [
    `${severity === 'problem' ? '!' : '-'} ${check}`,
    ...wrap(what, width, '  '),
    ...wrap(`to mend it: ${mend}`, width, '  '),
    '',
  ]);
}
