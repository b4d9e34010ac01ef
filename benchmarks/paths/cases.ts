// Defines what is measured: families of paths with batch sizes and numbers of baggage entries, and the variants.

/** One kind of call of one client. A process measures one family with one variant. */
export interface Family {
  readonly client: 'kafkajs' | 'amqplib' | 'ioredis' | 'api';
  readonly name: string;
  /** False if no messages are involved. Default: baggage is varied. */
  readonly carries?: false;
  /** True if messages are handled, each in a context of its own. */
  readonly handles?: true;
  /** Batch sizes. Default: no batches. */
  readonly batches?: readonly number[];
  /** The batch size with which baggage is varied. */
  readonly usualBatch?: number;
}

/** One row of the results. */
export interface Case {
  readonly batch: number;
  readonly baggage: number;
}

const batches = [1, 10, 100, 1000, 10_000];

export const families: readonly Family[] = [
  { client: 'kafkajs', name: 'kafkajs send', batches, usualBatch: 1 },
  { client: 'kafkajs', name: 'kafkajs send, new contexts' },
  { client: 'kafkajs', name: 'kafkajs eachMessage', handles: true },
  { client: 'kafkajs', name: 'kafkajs eachBatch, processMessage each', handles: true, batches, usualBatch: 100 },
  { client: 'amqplib', name: 'amqplib publish' },
  { client: 'amqplib', name: 'amqplib publish, new contexts' },
  { client: 'amqplib', name: 'amqplib publish and confirm' },
  { client: 'amqplib', name: 'amqplib consume and ack', handles: true },
  { client: 'ioredis', name: 'ioredis XADD' },
  { client: 'ioredis', name: 'ioredis XADD, new contexts' },
  { client: 'ioredis', name: 'ioredis XREADGROUP and XACK', batches, usualBatch: 100 },
  { client: 'api', name: 'span start', carries: false },
  { client: 'api', name: 'span start and end', carries: false },
];

/** Every variant. Those with `slow` have `fastPath: false`, and are omitted by default. */
export const variants = [
  'raw',
  'context',
  'context+each',
  'auto-0',
  'mqtrace-0',
  'mqtrace+metrics-0',
  'own-0',
  'auto-100',
  'mqtrace-100',
  'own-100',
  'own+processor-100',
  'own+light-100',
  'mqtrace+slow-0',
  'own+slow-0',
  'mqtrace+slow-100',
] as const;
export const usualVariants: readonly string[] = variants.filter((variant) => !variant.includes('slow'));

/** The variants that have a meaning for a family: "context+each" is the same as "context" where nothing is handled. */
export function variantsOf({ handles }: Family, chosen: readonly string[]): readonly string[] {
  return handles === true ? chosen : chosen.filter((variant) => variant !== 'context+each');
}

/** Options of the wrappers whose cost is measured, by the features of variants in `clients/options.js`. */
export const optionFeatures: readonly {
  readonly feature: string;
  readonly title: string;
  readonly clients: readonly Family['client'][];
}[] = [
  { feature: 'ignore', title: '`ignoreDestinations`, others', clients: ['kafkajs', 'amqplib', 'ioredis'] },
  { feature: 'ignored', title: '`ignoreDestinations`, this one', clients: ['kafkajs', 'amqplib', 'ioredis'] },
  { feature: 'single', title: '`createSpans: false`', clients: ['kafkajs'] },
  { feature: 'expected', title: '`isExpectedError`', clients: ['kafkajs', 'amqplib', 'ioredis'] },
  { feature: 'headers', title: '`captureHeaders`, two of each message', clients: ['kafkajs', 'amqplib', 'ioredis'] },
  { feature: 'size', title: '`bodySize`', clients: ['kafkajs', 'amqplib'] },
  { feature: 'hooks', title: '`onSend`, `onProcess`', clients: ['kafkajs', 'amqplib', 'ioredis'] },
  { feature: 'cluster', title: '`clusterId`', clients: ['kafkajs'] },
];

/** The variants that show the cost of the options of a family's client, or only that of metrics. */
export function optionVariants({ client, name }: Family): string[] {
  const metrics = name in metricsFamilies ? ['mqtrace+metrics-0'] : [];
  if (!optionFamilies.includes(name)) return ['mqtrace-0'].concat(metrics);
  const features = optionFeatures.filter(({ clients }) => clients.includes(client)).map(({ feature }) => feature);
  const of = (percent: number): string[] =>
    [`mqtrace-${percent}`].concat(features.map((feature) => `mqtrace+${feature}-${percent}`));
  return ['raw'].concat(of(0), metrics, of(100));
}

/** The families for which the cost of options is measured, with their sizes. */
export const optionFamilies: readonly string[] = [
  'kafkajs send',
  'kafkajs eachMessage',
  'amqplib publish',
  'ioredis XADD',
];

/** The families for which the cost of metrics is measured, and what one message of them is. */
export const metricsFamilies: Readonly<Record<string, string>> = {
  'kafkajs send': 'an awaited send, or a message of it',
  'kafkajs eachMessage': 'an awaited handler',
  'kafkajs eachBatch, processMessage each': 'an awaited handler',
  'amqplib publish': 'a synchronous send',
  'amqplib publish and confirm': 'a send until its confirm',
  'amqplib consume and ack': 'a synchronous handler, and a settlement',
  'ioredis XADD': 'an awaited send',
  'ioredis XREADGROUP and XACK': 'a message of a batch, with an awaited read and settlement',
};

export const optionChoice: Choice = { batches: [100], baggage: [0] };

/** The selected cases. */
export interface Choice {
  readonly batches: readonly number[];
  readonly baggage: readonly number[];
}

export const all: Choice = { batches, baggage: [0, 1, 8, 64] };
export const few: Choice = { batches: [1000], baggage: [0] };

/** The cases of a family: sizes without baggage, and baggage with the default size. */
export function casesOf({ batches = [1], usualBatch = 1, carries }: Family, choice: Choice): Case[] {
  // At least one size of a read or a batch, whatever is chosen.
  const chosen = batches.filter((batch) => choice.batches.includes(batch) || batch === usualBatch);
  return [
    ...chosen.map((batch) => ({ batch, baggage: 0 })),
    ...(carries === false ? [] : choice.baggage)
      .filter((entries) => entries > 0)
      .map((baggage) => ({ batch: usualBatch, baggage })),
  ];
}

/** The name of a case in tables and in the baseline. */
export function nameOf(family: Family, { batch, baggage }: Case): string {
  const size = family.batches === undefined ? '' : ` of ${batch.toLocaleString('en')}`;
  return `${family.name}${size}${baggage === 0 ? '' : `, ${baggage} baggage ${baggage === 1 ? 'entry' : 'entries'}`}`;
}
