// Writes the tables of docs/compared.md from the answers.
import { replaceBlock, table } from '../../benchmarks/report/markdown.ts';
import { notes } from './notes.ts';
import type { Compared } from './results.ts';
import { type TracerName, tracerNames, tracers } from './tracers.ts';

const cell = (answer: boolean | undefined): string => (answer === undefined ? '' : answer ? 'yes' : 'no');

/** The cell of mqtrace, with the number of its note. */
function notedCell(client: string, question: string, answer: boolean | undefined): string {
  const note = notes.findIndex((each) => each.client === client && each.questions.includes(question));
  return answer === false && note >= 0 ? `no (${note + 1})` : cell(answer);
}

/** Features that more than one client has, by client. */
function byClient({ mqtrace: { answers } }: Compared): string {
  const clients = Object.keys(answers).filter((client) => client !== 'any client');
  const questions = [...new Set(Object.values(answers).flatMap((each) => Object.keys(each)))];
  const common = questions.filter((question) => clients.filter((client) => question in answers[client]!).length > 1);
  const rows = common.map((question) =>
    [question].concat(clients.map((client) => notedCell(client, question, answers[client]![question]))),
  );
  const list = notes.map(({ client, text }, at) => `${at + 1}. ${client}: ${text}`);
  return `${table(['mqtrace', ...clients], rows)}\n\n${list.join('\n')}`;
}

/** The column of a tracer. The two versions of OpenTelemetry's instrumentations share one, in which differences are shown. */
function tracerCell(results: Compared, name: TracerName, client: string, question: string): string {
  const answer = cell(results[name].answers[client]![question]);
  if (name !== 'opentelemetry-newest') return answer;
  const older = cell(results.opentelemetry.answers[client]?.[question]);
  return older === answer ? answer : `${answer}; ${older} with SDK 2`;
}

/** Every feature of each client, by the tracers that were asked about it. */
function byTracer(results: Compared): string {
  const clients = Object.keys(results.mqtrace.answers);
  const parts = clients.map((client) => {
    const asked = tracerNames.filter((name) => name !== 'opentelemetry' && client in results[name].answers);
    const rows = Object.keys(results.mqtrace.answers[client]!).map((question) =>
      [question].concat(asked.map((name) => tracerCell(results, name, client, question))),
    );
    return `### ${client}\n\n${table([''].concat(asked.map((name) => tracers[name].title)), rows)}`;
  });
  return parts.join('\n\n');
}

function versions(results: Compared): string {
  const rows = tracerNames.map((name) => {
    const { node, versions: packages } = results[name];
    const list = Object.entries(packages).map(([each, version]) => `\`${each}\` ${version}`);
    return [name === 'mqtrace' ? 'mqtrace, with' : tracers[name].title, list.join(', '), node];
  });
  return table(['compared', 'packages', 'Node.js'], rows);
}

/** The page with the tables of these results. */
export function withTables(page: string, results: Compared): string {
  const blocks = { versions: versions(results), clients: byClient(results), tracers: byTracer(results) };
  return Object.entries(blocks).reduce((text, [name, content]) => replaceBlock(text, name, content), page);
}
