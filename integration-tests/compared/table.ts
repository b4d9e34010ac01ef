// Writes the tables of docs/compared.md from the answers.
import { replaceBlock, table } from '../../benchmarks/report/markdown.ts';
import { notes } from './notes.ts';
import type { Compared } from './results.ts';
import { tracerNames, tracers } from './tracers.ts';

const cell = (answer: boolean | undefined): string => (answer === undefined ? '' : answer ? 'yes' : 'no');

/** The cell of mqtrace, with the number of its note. */
function notedCell(client: string, question: string, answer: boolean | undefined): string {
  const note = notes.findIndex((each) => each.client === client && each.questions.includes(question));
  return answer === false && note >= 0 ? `no (${note + 1})` : cell(answer);
}

/** Features that more than one client has, by client. */
function byClient({ mqtrace: { answers } }: Compared): string {
  const clients = Object.keys(answers);
  const questions = [...new Set(Object.values(answers).flatMap((each) => Object.keys(each)))];
  const common = questions.filter((question) => clients.filter((client) => question in answers[client]!).length > 1);
  const rows = common.map((question) =>
    [question].concat(clients.map((client) => notedCell(client, question, answers[client]![question]))),
  );
  const list = notes.map(({ client, text }, at) => `${at + 1}. ${client}: ${text}`);
  return `${table(['mqtrace', ...clients], rows)}\n\n${list.join('\n')}`;
}

/** Every feature of each client, by the tracers that were asked about it. */
function byTracer(results: Compared): string {
  const clients = Object.keys(results.mqtrace.answers);
  const parts = clients.map((client) => {
    const asked = tracerNames.filter((name) => client in results[name].answers);
    const rows = Object.keys(results.mqtrace.answers[client]!).map((question) =>
      [question].concat(asked.map((name) => cell(results[name].answers[client]![question]))),
    );
    return `### ${client}\n\n${table(['', ...asked.map((name) => tracers[name].title)], rows)}`;
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
