// Parses the options of `npm run bench`.
import { parseArgs } from 'node:util';
import { all, type Choice, families, type Family, few, usualVariants, variants } from '../paths/cases.ts';

export const help: string = `npm run bench -- [OPTIONS]

What is measured (default: --paths)
  --paths             what a message costs, the clients stubbed right below the traced call
  --options           what options of the wrappers and metrics add to it
  --startup           time and memory of loading each subpath
  --brokers           on real brokers: messages a second, processor time, latency, memory
  --all               all of these

Of it
  --short             few cases and slices: less than a minute
  --client NAME,…     kafkajs, amqplib, ioredis; api for spans alone
  --path TEXT         families of paths whose name contains TEXT
  --variant NAME,…    ${variants.slice(0, 5).join(', ')}, …; TRACER[+FEATURE]-PERCENT;
                      beside raw, or context with --brokers, to which they are compared
  --batch N,…         sizes of batches
  --baggage N,…       numbers of baggage entries
  --rounds N          slices of each case and variant
  --node N,…          versions of Node.js, such as 20,22,24,26 (npm's package "node")

Results
  --json PATH         where to write them (default: benchmarks/results/node-N.json; with --short: nowhere)
  --write-docs        writes the tables of docs/performance.md from benchmarks/results
`;

const parts = ['paths', 'options', 'startup', 'brokers'] as const;
type Part = (typeof parts)[number];

/** The parsed options of `npm run bench`. */
export interface BenchOptions {
  readonly parts: ReadonlySet<Part>;
  readonly short: boolean;
  readonly clients: readonly string[];
  readonly families: readonly Family[];
  /** The variants of paths. */
  readonly variants: readonly string[];
  /** The chosen variants; each part has its own default. */
  readonly given: readonly string[] | undefined;
  readonly choice: Choice;
  readonly rounds: number | undefined;
  readonly nodes: readonly (string | undefined)[];
  readonly json: string | undefined;
  readonly writeDocs: boolean;
}

const list = (text: string): string[] => text.split(',').filter(Boolean);
const numbers = (text: string): number[] =>
  list(text).map((each) => {
    const number = Number(each);
    if (!Number.isSafeInteger(number) || number < 0) throw new RangeError(`expected whole numbers, got ${text}`);
    return number;
  });

/** The variants with the one to which the others are compared. */
export function withBase(given: readonly string[], base: string): readonly string[] {
  return given.includes(base) ? given : [base, ...given];
}

/** Parses the command line; returns `undefined` if it asks for help. Throws an error that says what is wrong. */
export function readOptions(args: readonly string[]): BenchOptions | undefined {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      paths: flag,
      options: flag,
      startup: flag,
      brokers: flag,
      all: flag,
      short: flag,
      help: flag,
      'write-docs': flag,
      client: text,
      path: text,
      variant: text,
      batch: text,
      baggage: text,
      rounds: text,
      node: text,
      json: text,
    },
  });
  if (values.help) return undefined;
  const onlyDocs = args.length === 1 && values['write-docs'];
  const chosen = parts.filter((part) => values.all || values[part]);
  const clients = list(values.client ?? 'kafkajs,amqplib,ioredis,api');
  const chosenFamilies = families.filter(
    ({ client, name }) => clients.includes(client) && name.includes(values.path ?? ''),
  );
  if (chosenFamilies.length === 0) throw new RangeError('no path has this client and this name');
  const given = values.variant === undefined ? undefined : list(values.variant);
  const choice = values.short ? few : all;
  return {
    // If nothing is to be measured, only the tables are written.
    parts: new Set(chosen.length === 0 && !onlyDocs ? ['paths'] : chosen),
    short: values.short,
    clients,
    families: chosenFamilies,
    variants: given === undefined ? usualVariants : withBase(given, 'raw'),
    given,
    choice: {
      batches: values.batch === undefined ? choice.batches : numbers(values.batch),
      baggage: values.baggage === undefined ? choice.baggage : numbers(values.baggage),
    },
    rounds: values.rounds === undefined ? undefined : numbers(values.rounds)[0],
    nodes: values.node === undefined ? [undefined] : list(values.node),
    json: values.json,
    writeDocs: values['write-docs'],
  };
}
