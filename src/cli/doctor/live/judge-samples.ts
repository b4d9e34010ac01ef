// Finds problems of the messages that were read.
import { type HeaderFacts, headerFacts } from '../../../diagnostics/header-facts.ts';
import { type DoctorFinding, note, problem } from '../finding.ts';
import type { Sample, Samples } from './sample.ts';

const largestSkewMs = 2000;
const largeBaggage = 2048;
/** The maximum size of traceparent, tracestate and baggage. */
const traceHeaders = 256 + 512 + 8192;
const wrappers = { kafka: 'traceKafka()', rabbitmq: 'traceConnection()', redis: 'traceRedis()' } as const;

interface Looked {
  sample: Sample;
  facts: HeaderFacts;
}

/** The findings about messages of one destination; `now` is the time at which they were read. */
export function judgeSamples(given: Samples, now: number = Date.now()): DoctorFinding[] {
  const { system, destination, samples } = given;
  if (samples.length === 0)
    return [
      note(
        'no-messages',
        `${destination} (${system}): no message was read, so its headers could not be checked.`,
        'Send a message, or wait longer with --wait SECONDS.',
      ),
    ];
  const looked = samples.map((sample): Looked => ({ sample, facts: headerFacts(sample.message) }));
  const where = `${destination} (${system})`;
  const which = (wanted: (each: Looked) => boolean): Looked[] => looked.filter(wanted);
  const say = (some: readonly Looked[], what: string): string =>
    `${where}: ${some.length} of ${looked.length} messages ${what} (${some[0]!.sample.at}).`;
  const findings: DoctorFinding[] = [];
  const add = (
    make: typeof problem,
    check: string,
    some: readonly Looked[],
    what: string | ((first: Looked) => string),
    mend: string,
  ): void => {
    if (some.length > 0) findings.push(make(check, say(some, typeof what === 'string' ? what : what(some[0]!)), mend));
  };
  const without = which(({ facts }) => facts.traceparent === 'none');
  const foreign = without.filter(({ facts }) => facts.writers.length > 0);
  const empty = without.filter(({ facts }) => facts.writers.length === 0);
  add(
    problem,
    'no-context',
    empty,
    'carry no trace context: the trace ends at their producer',
    `Wrap the client of the producer with ${wrappers[system]}, or find the component between the producer and ${destination} that drops headers.`,
  );
  add(
    problem,
    'other-propagator',
    foreign,
    ({ facts }) => `carry no traceparent, but headers of ${facts.writers.join(' and ')}`,
    'Let the consumer read it as well: OTEL_PROPAGATORS with both names, such as tracecontext,baggage,b3; or change the producer to tracecontext,baggage.',
  );
  add(
    problem,
    'traceparent-malformed',
    which(({ facts }) => facts.traceparent === 'malformed'),
    ({ facts }) => `have a malformed traceparent: ${facts.why}`,
    'Check the code that writes or copies the header: mqtrace explain shows how it is read.',
  );
  add(
    problem,
    'traceparent-unread',
    which(({ facts }) => facts.traceparent === 'unread'),
    'have a traceparent that is not read: it is not text, too long, or in a spelling that is not looked up',
    'Write it as text, in lower case.',
  );
  add(
    problem,
    'traceparent-repeated',
    which(({ facts }) => facts.repeated),
    'have several traceparent headers that differ: readers disagree on which one to use',
    'Remove the old header before a message is forwarded: the wrappers do this, but code that adds a header does not.',
  );
  add(
    note,
    'tracestate-invalid',
    which(({ facts }) => facts.stateInvalid),
    'have an invalid tracestate, which is dropped as a whole',
    'Check the code that writes it: at most 32 members, each as key=value.',
  );
  findings.push(...judgeIds(looked, where, system), ...judgeBaggage(looked, add));
  const ahead = which(({ sample }) => sample.time !== undefined && sample.time > now + largestSkewMs);
  add(
    note,
    'clock-skew',
    ahead,
    ({ sample }) =>
      `were created up to ${((sample.time! - now) / 1000).toFixed(1)} s after now by this machine's clock`,
    'Synchronize the clocks of producers, broker and consumers with NTP.',
  );
  findings.push(...judgeRoom(given, looked, say));
  return findings;
}

type Add = (
  make: typeof problem,
  check: string,
  some: readonly Looked[],
  what: string | ((first: Looked) => string),
  mend: string,
) => void;

function judgeIds(looked: readonly Looked[], where: string, system: Samples['system']): DoctorFinding[] {
  const valid = looked.filter(({ facts }) => facts.traceparent === 'valid');
  const findings: DoctorFinding[] = [];
  if (valid.length > 0 && valid.every(({ facts }) => !facts.sampled))
    findings.push(
      note(
        'not-sampled',
        `${where}: none of ${valid.length} contexts is sampled: consumers that follow the producer record nothing.`,
        'Check the sampler of the producer: OTEL_TRACES_SAMPLER, or startTracing({ sampling }).',
      ),
    );
  const spans = new Map<string, number>();
  for (const { facts } of valid) spans.set(facts.spanId, (spans.get(facts.spanId) ?? 0) + 1);
  const most = Math.max(0, ...spans.values());
  if (valid.length >= 5 && most > valid.length / 2)
    findings.push(
      note(
        'context-shared',
        `${where}: ${most} of ${valid.length} messages carry the same span id: they have no separate creation contexts, and cannot be distinguished.`,
        `Inject in each send. ${wrappers[system]} creates a span for each message; a traceparent that is written once and reused does not.`,
      ),
    );
  return findings;
}

function judgeBaggage(looked: readonly Looked[], add: Add): DoctorFinding[] {
  const cut = looked.filter(({ facts }) => facts.baggageCut);
  add(
    problem,
    'baggage-too-big',
    cut,
    ({ facts }) => `carry ${facts.baggageBytes} bytes of baggage, of which at most 8192 are read`,
    'Put less into baggage, or limit what is sent with the baggage option of the wrapper.',
  );
  add(
    note,
    'baggage-size',
    looked.filter(({ facts }) => !facts.baggageCut && facts.baggageBytes > largeBaggage),
    ({ facts }) => `carry ${facts.baggageBytes} bytes of baggage, which every later message carries as well`,
    'Put less into baggage, or limit what is sent with the baggage option of the wrapper.',
  );
  add(
    problem,
    'baggage-invalid',
    looked.filter(({ facts }) => !facts.baggageCut && facts.baggageInvalid),
    'have members of baggage that are invalid or repeated, and are not read',
    'Percent-encode what is not allowed in a value: propagation.createBaggage() and the propagator do this.',
  );
  return [];
}

/** Checks whether trace headers still fit in a message. */
function judgeRoom(
  { system, limit }: Samples,
  looked: readonly Looked[],
  say: (some: readonly Looked[], what: string) => string,
): DoctorFinding[] {
  if (limit === undefined) return [];
  const size = ({ sample, facts }: Looked): number => (system === 'rabbitmq' ? facts.bytes : sample.bytes);
  const tight = looked.filter((each) => size(each) > limit - traceHeaders);
  if (tight.length === 0) return [];
  const largest = tight.toSorted((a, b) => size(b) - size(a));
  const what =
    system === 'rabbitmq'
      ? `have headers of up to ${size(largest[0]!)} bytes, and a frame takes ${limit}: trace headers may not fit`
      : `have up to ${size(largest[0]!)} bytes, and the topic takes ${limit}: trace headers may not fit`;
  const mend =
    system === 'rabbitmq'
      ? 'Raise frame_max of the broker and of the connection, or carry less in headers.'
      : 'Raise max.message.bytes of the topic, or send less in one message.';
  return [note('header-room', say(largest, what), mend)];
}
