// The sentence on top of the page.
import type { VNode } from 'preact';
import { duration } from '../queries/durations.ts';
import { shownWait, slowestOf } from '../queries/shown-wait.ts';
import type { MapAnswer } from '../queries/types.ts';

/** The map's sentence, with the destination, the consumer and the longest wait in bold. */
export function MapSentence({ map }: { map: MapAnswer }): VNode {
  const parts: (string | VNode)[] = [];
  let rest = map.sentence;
  for (const { word, within } of boldWords(map)) {
    const at = rest.indexOf(within);
    if (at < 0) continue;
    const from = at + within.indexOf(word);
    parts.push(rest.slice(0, from), <b>{word}</b>);
    rest = rest.slice(from + word.length);
  }
  return (
    <>
      {parts}
      {rest}
    </>
  );
}

/** The bold parts and the text around them, in the order of the sentence. */
function boldWords({ destinations, worst }: MapAnswer): { word: string; within: string }[] {
  for (const card of destinations) {
    const row = card.consumers.map(slowestOf).find(({ id }) => id === worst);
    const wait = row && shownWait(row);
    if (row === undefined || wait === undefined) continue;
    const longest = duration(wait.p95);
    return [
      { word: card.name, within: `${card.name} for` },
      ...(card.consumers.includes(row)
        ? [{ word: row.service, within: `${row.service}:` }]
        : [
            { word: row.service, within: `${row.service}, from queue` },
            { word: row.queue, within: `${row.queue}:` },
          ]),
      { word: longest, within: `${longest}.` },
    ];
  }
  return [];
}
