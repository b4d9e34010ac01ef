// Checks the versions and copies of installed packages.
import { type DoctorFinding, note, problem } from './finding.ts';
import { type Installed, installedPackages, isAtLeast, usesPlugAndPlay } from './installed.ts';
import { type PackageManager, packageManagerOf } from './package-manager.ts';

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
  const manager = packageManagerOf(project);
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
        'yarn why @opentelemetry/api',
      ),
    );
    return findings;
  }
  const api = copies('@opentelemetry/api');
  if (api.length === 0)
    findings.push(problem('api-missing', '@opentelemetry/api is not installed.', manager.add(fittingApi(copies))));
  findings.push(
    ...twice(manager, api, 'Spans created with one copy are not visible to the other if their versions differ.'),
  );
  for (const { version, path } of api)
    if (!isAtLeast(version, oldestApi))
      findings.push(
        problem(
          'api-version',
          `@opentelemetry/api ${version} in ${path} is older than ${oldestApi}.`,
          manager.add(fittingApi(copies)),
        ),
      );
  findings.push(...twice(manager, copies('mqtrace'), 'Each copy counts faults and statistics separately.'));
  for (const client of clients) {
    for (const { version, path } of copies(client))
      if (!isAtLeast(version, oldest[client]))
        findings.push(
          problem(
            'client-version',
            `${client} ${version} in ${path} is older than ${oldest[client]}, the oldest that is tested.`,
            manager.add(`${client}@latest`),
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
        'No OpenTelemetry SDK is installed: no span is recorded. startTracing() of mqtrace/sdk uses it.',
        manager.add(fittingApi(copies), fittingSdk(copies)),
      ),
    );
  else findings.push(...contextManager(manager, copies));
  return findings;
}

/** Version 3 of the SDK needs version 1.10 of the API, and version 2 an older one. */
function fittingApi(copies: (name: string) => Installed[]): string {
  const isThird = copies('@opentelemetry/sdk-trace').some(({ version }) => isAtLeast(version, '3.0.0'));
  return `@opentelemetry/api@${isThird ? '~1.10' : '~1.9'}`;
}

function fittingSdk(copies: (name: string) => Installed[]): string {
  const isNew = copies('@opentelemetry/api').some(({ version }) => isAtLeast(version, '1.10.0'));
  return `@opentelemetry/sdk-trace@${isNew ? '3' : '2'}`;
}

/** `mqtrace/sdk` and the SDK for Node.js include a context manager; the provider of sdk-trace-base alone has none. */
function contextManager(manager: PackageManager, copies: (name: string) => Installed[]): DoctorFinding[] {
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
      'Only @opentelemetry/sdk-trace-base is installed, which has no context manager: no span has a parent, and nothing is injected. startTracing() of mqtrace/sdk registers one.',
      manager.add(fittingSdk(copies)),
    ),
  ];
}

function twice(manager: PackageManager, copies: readonly Installed[], because: string): DoctorFinding[] {
  if (copies.length < 2) return [];
  const { name } = copies[0]!;
  const list = copies.map(({ version, path }) => `${version} in ${path}`).join('; ');
  return [
    problem('two-copies', `There are ${copies.length} copies of ${name}: ${list}. ${because}`, manager.dedupe(name)),
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
