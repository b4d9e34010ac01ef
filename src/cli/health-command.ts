// Implements `mqtrace health`: prints findings about the observed pipeline.
import type { HealthAnswer } from '../view/index.ts';
import { type Command, readArguments } from './command.ts';
import { openSource, sourceHelp, sourceOptions } from './source.ts';
import { printable, wrap } from './text.ts';

export const healthCommand: Command = {
  help: `mqtrace health: reports where traces break, and what to do about it

Exits with code 1 if something needs attention.

${sourceHelp}`,
  async run(args, output) {
    const { values } = readArguments(args, sourceOptions);
    const source = await openSource(values, output);
    const answer = (await source('/api/health')) as HealthAnswer;
    if (values.json) output.out(JSON.stringify(answer, undefined, 2));
    else for (const line of healthText(answer, output.width)) output.out(line);
    return answer.findings.some(({ severity }) => severity === 'problem') ? 1 : 0;
  },
};

/** The findings as lines for a terminal. */
export function healthText(answer: HealthAnswer, width: number): string[] {
  const lines = wrap(answer.sentence, width);
  for (const { severity, state, sentence, advice } of answer.findings) {
    lines.push(
      '',
      `${severity === 'problem' ? '!' : '-'} ${state}`,
      ...wrap(sentence, width, '  '),
      ...wrap(advice, width, '  '),
    );
  }
  if (answer.healthy.length > 0)
    lines.push('', ...wrap(`No problem at: ${answer.healthy.map(printable).join(', ')}`, width));
  return lines;
}
