// Checks the versions and copies of installed packages.
import { type DoctorFinding, note, problem } from './finding.ts';
import { type Installed, installedPackages, isAtLeast, usesPlugAndPlay } from './installed.ts';

const clients = ['kafkajs', 'amqplib', 'ioredis'] as const;
/** The oldest version of each client that the wrappers are tested with. */
const oldest: Readonly<Record<(typeof clients)[number], string>> = {
  kafkajs: '1.12.0',
  amqplib: '0.8.0',
  ioredis: '4.0.0',
};
const oldestNode = '20.19.0';
const oldestApi = '1.9.0';
const autoInstrumentations = '@opentelemetry/auto-instrumentations-node';

const isOfInterest = (name: string): boolean =>
  name === 'mqtrace' || name.startsWith('@opentelemetry/') || clients.some((client) => client === name);

/** Finds problems of a project's packages. */
export function checkPackages(project: string, nodeVersion: string = process.versions.node): DoctorFinding[] {
  const installed = installedPackages(project, isOfInterest);
  const copies = (name: string): Installed[] => installed.filter((each) => each.name === name);
  const findings: DoctorFinding[] = [];
  if (!isAtLeast(nodeVersion, oldestNode))
    findings.push(
      problem('node-version', `Node.js ${nodeVersion} is older than ${oldestNode}.`, 'Install Node.js 20.19 or newer.'),
    );
  if (installed.length === 0 && usesPlugAndPlay(project)) {
    findings.push(
      note(
        'plug-and-play',
        "Yarn keeps the packages of this project in archives (Plug'n'Play): they were not checked.",
        'yarn why @opentelemetry/api, which lists the copies',
      ),
    );
    return findings;
  }
  const api = copies('@opentelemetry/api');
  if (api.length === 0)
    findings.push(problem('api-missing', '@opentelemetry/api is not installed.', 'npm install @opentelemetry/api'));
  findings.push(...twice(api, 'Spans created with one copy are not visible to the other if their versions differ.'));
  for (const { version, path } of api)
    if (!isAtLeast(version, oldestApi))
      findings.push(
        problem(
          'api-version',
          `@opentelemetry/api ${version} in ${path} is older than ${oldestApi}.`,
          'npm install @opentelemetry/api@latest',
        ),
      );
  findings.push(...twice(copies('mqtrace'), 'Each copy counts faults and statistics separately.'));
  for (const client of clients) {
    for (const { version, path } of copies(client))
      if (!isAtLeast(version, oldest[client]))
        findings.push(
          problem(
            'client-version',
            `${client} ${version} in ${path} is older than ${oldest[client]}, the oldest that is tested.`,
            `npm install ${client}@latest`,
          ),
        );
    findings.push(...instrumentedTwice(client, copies));
  }
  const sdk = copies('@opentelemetry/sdk-trace').length > 0;
  const olderSdk = ['sdk-trace-base', 'sdk-trace-node', 'sdk-node'].some(
    (name) => copies(`@opentelemetry/${name}`).length > 0,
  );
  if (!sdk && !olderSdk)
    findings.push(
      problem(
        'sdk-missing',
        'No OpenTelemetry SDK is installed: no span is recorded.',
        'npm install @opentelemetry/sdk-trace, and call startTracing() of mqtrace/sdk',
      ),
    );
  else findings.push(...contextManager(copies));
  return findings;
}

/** `mqtrace/sdk` and the SDK for Node.js include a context manager; the provider of sdk-trace-base alone has none. */
function contextManager(copies: (name: string) => Installed[]): DoctorFinding[] {
  const has = (name: string): boolean => copies(`@opentelemetry/${name}`).length > 0;
  if (
    has('sdk-trace') ||
    !has('sdk-trace-base') ||
    has('sdk-trace-node') ||
    has('sdk-node') ||
    has('context-async-hooks')
  )
    return [];
  return [
    problem(
      'context-manager-missing',
      'Only @opentelemetry/sdk-trace-base is installed, which has no context manager: no span has a parent, and nothing is injected.',
      'npm install @opentelemetry/sdk-trace, and call startTracing() of mqtrace/sdk',
    ),
  ];
}

function twice(copies: readonly Installed[], because: string): DoctorFinding[] {
  if (copies.length < 2) return [];
  const { name } = copies[0]!;
  const list = copies.map(({ version, path }) => `${version} in ${path}`).join('; ');
  return [
    problem(
      'two-copies',
      `There are ${copies.length} copies of ${name}: ${list}. ${because}`,
      `npm dedupe, and "npm ls ${name}" to see what depends on which`,
    ),
  ];
}

function instrumentedTwice(client: string, copies: (name: string) => Installed[]): DoctorFinding[] {
  const name = `@opentelemetry/instrumentation-${client}`;
  if (copies(client).length === 0 || copies(name).length === 0) return [];
  const mend =
    copies(autoInstrumentations).length > 0
      ? `getNodeAutoInstrumentations({ '${name}': { enabled: false } })`
      : `Remove ${name} from the instrumentations, or do not wrap ${client}.`;
  return [
    note(
      'auto-instrumentation',
      `${name} is installed in addition to the wrapper of ${client}: if both are active, each message has two spans.`,
      mend,
    ),
  ];
}
