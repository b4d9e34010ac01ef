// Traces commits of offsets and of transactions.
import type { Attributes } from '@opentelemetry/api';
import {
  activeContext,
  ATTR_CONSUMER_GROUP_NAME,
  ATTR_DESTINATION_PARTITION_ID,
  ATTR_KAFKA_OFFSET,
  callWithin,
  type Destination,
  endWith,
  guard,
  mergeAttributes,
  noOperation,
  replaceMethod,
  startSettling,
} from '../messaging/index.ts';
import { offsetNumber, partitionId } from './message.ts';
import type { ClientState } from './state.ts';

/** What a call settles, as far as its arguments tell. */
export interface Settled {
  destination?: Destination | undefined;
  group?: string | undefined;
  /** The attributes of only this call. */
  own?: Attributes;
}

/**
 * Traces one settling method: a CLIENT span from the call to its response, below the active span.
 *
 * @param isWhole - whether it settles a whole transaction, which has no single destination.
 */
export function traceSettle(
  target: object,
  method: string,
  operationName: string,
  { messaging, connection }: ClientState,
  read: (args: readonly unknown[]) => Settled,
  isWhole = false,
): void {
  replaceMethod(target, method, (raw) => {
    return function (this: unknown, ...args: unknown[]) {
      const parent = activeContext();
      const atStart = connection.attributes;
      const operation =
        guard(`tracing ${method}`, () => {
          if (!messaging.observesSettlement(parent)) return noOperation(parent);
          const { destination, group, own } = read(args);
          const attributes =
            group === undefined ? atStart : mergeAttributes(atStart, { [ATTR_CONSUMER_GROUP_NAME]: group });
          const description = { name: operationName, destination, withoutDestination: isWhole, attributes, own };
          return startSettling(messaging, description, [], parent);
        }) ?? noOperation(parent);
      const result = callWithin(operation, () => raw.apply(this, args));
      return endWith(operation, result, () => {
        operation.set(() => connection.learnedSince(atStart) ?? {});
      });
    };
  });
}

/** A position in a partition, as the application or kafkajs gave it. */
export interface PartitionOffset {
  topic?: unknown;
  partition?: unknown;
  offset?: unknown;
}

/** `consumer.commitOffsets([{ topic, partition, offset }])`. */
export function settledByCommit([given]: readonly unknown[]): Settled {
  return settled(Array.isArray(given) ? (given as PartitionOffset[]) : []);
}

/** `transaction.sendOffsets({ consumerGroupId, topics: [{ topic, partitions: [{ partition, offset }] }] })`. */
export function settledBySendOffsets([given]: readonly unknown[]): Settled {
  const { consumerGroupId, topics } = (given ?? {}) as { consumerGroupId?: unknown; topics?: unknown };
  const { destination, own } = settled(positionsOf(topics));
  const group = typeof consumerGroupId === 'string' ? consumerGroupId : undefined;
  return own === undefined ? { destination, group } : { destination, group, own };
}

/** The positions of `[{ topic, partitions: [{ partition, offset }] }]`. */
export function positionsOf(topics: unknown): PartitionOffset[] {
  const positions: PartitionOffset[] = [];
  for (const entry of Array.isArray(topics) ? (topics as ({ topic?: unknown; partitions?: unknown } | null)[]) : []) {
    const partitions = Array.isArray(entry?.partitions) ? (entry.partitions as (PartitionOffset | null)[]) : [];
    for (const each of partitions) {
      positions.push({ topic: entry?.topic, partition: each?.partition, offset: each?.offset });
    }
  }
  return positions;
}

function settled(positions: readonly (PartitionOffset | null)[]): Settled {
  const [first] = positions;
  if (typeof first?.topic !== 'string' || positions.some((each) => each?.topic !== first.topic)) return {};
  const destination = { name: first.topic };
  if (positions.length > 1) return { destination };
  // Kafka commits the offset of the next record. The settled record is the one before, whose process span has this offset.
  const next = offsetNumber(first.offset);
  return {
    destination,
    own: {
      [ATTR_DESTINATION_PARTITION_ID]: partitionId(first.partition),
      [ATTR_KAFKA_OFFSET]: next === undefined || next === 0 ? undefined : next - 1,
    },
  };
}
