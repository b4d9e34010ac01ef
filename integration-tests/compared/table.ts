// Writes the tables of docs/compared.md from the answers.
import { replaceBlock, table } from '../../benchmarks/report/markdown.ts';
import { type Compared, type TracerName, tracers } from './results.ts';

const titles: { readonly [Name in TracerName]: string } = {
  mqtrace: 'mqtrace',
  opentelemetry: 'OpenTelemetry',
  sentry: 'Sentry',
  datadog: 'Datadog',
};

const cell = (answer: boolean | undefined): string => (answer === undefined ? '' : answer ? 'yes' : 'no');

/** Features that more than one client has, by client. */
function byClient({ answers: { mqtrace } }: Compared): string {
  const clients = Object.keys(mqtrace);
  const questions = [...new Set(Object.values(mqtrace).flatMap((answers) => Object.keys(answers)))];
  const common = questions.filter((question) => clients.filter((client) => question in mqtrace[client]!).length > 1);
  const rows = common.map((question) => [question].concat(clients.map((client) => cell(mqtrace[client]![question]))));
  return table(['mqtrace', ...clients], rows);
}

/** Every feature of each client, by tracer. */
function byTracer({ answers }: Compared): string {
  const clients = Object.keys(answers.mqtrace);
  const parts = clients.map((client) => {
    const rows = Object.keys(answers.mqtrace[client]!).map((question) =>
      [question].concat(tracers.map((tracer) => cell(answers[tracer][client]?.[question]))),
    );
    return `### ${client}\n\n${table([''].concat(tracers.map((tracer) => titles[tracer])), rows)}`;
  });
  return parts.join('\n\n');
}

function versions({ node, versions: all }: Compared): string {
  const rows = Object.entries(all).map(([name, version]) => [`\`${name}\``, version]);
  return table(['compared', 'version'], [...rows, ['Node.js', node]]);
}

/** The page with the tables of these results. */
export function withTables(page: string, results: Compared): string {
  const blocks = { versions: versions(results), clients: byClient(results), tracers: byTracer(results) };
  return Object.entries(blocks).reduce((text, [name, content]) => replaceBlock(text, name, content), page);
}
