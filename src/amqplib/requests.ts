// Matches replies with the requests that they answer: RPC with `replyTo` and `correlationId`.
import { type Context, type SpanContext, trace } from '@opentelemetry/api';
import { reportFault } from '../common/faults.ts';
import { RecentMap } from '../common/recent-map.ts';
import { createStamp, guard, type Incoming, type Operation, validSpanContext } from '../messaging/index.ts';
import { ATTR_REQUEST_DURATION } from '../messaging/semconv.ts';
import { ofConnection } from './connection.ts';
import type { MessageLike } from './types.ts';

/** The minimum number of requests of a connection that are remembered; the oldest are dropped first. */
const rememberedRequests = 1000;
/** A reply that takes longer is not matched, in milliseconds. */
const timeOut = 5 * 60_000;

/** A published request. */
export interface Request {
  readonly creation: SpanContext;
  readonly sentAt: number;
}

/**
 * The requests of a connection that wait for their reply, by correlation id. The `replyTo` of a request is not compared: RabbitMQ
 * replaces the name of direct reply-to, and a reply may come on another channel.
 */
export class Requests {
  readonly #waiting = new RecentMap<string, Request>(rememberedRequests);
  readonly #now: () => number;
  #isUsed = false;

  /** @param now - the time in milliseconds. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Whether any message may be a reply. */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  /** Remembers a publish that asks for a reply and has a span. Never throws. */
  published(operation: Operation, options: { readonly replyTo?: unknown; readonly correlationId?: unknown }): void {
    if (operation.span === undefined) return;
    try {
      const { replyTo, correlationId } = options;
      if (typeof replyTo !== 'string' || replyTo === '') return;
      const creation = validSpanContext(operation.context);
      if (typeof correlationId !== 'string' || correlationId === '' || creation === undefined) return;
      this.#isUsed = true;
      this.#waiting.set(correlationId, { creation, sentAt: this.#now() });
    } catch (error) {
      reportFault('noting a request', error);
    }
  }

  /** The request that a message answers, once; undefined for other messages and late replies. */
  answeredBy({ properties }: MessageLike, incoming: Incoming): Request | undefined {
    if (!this.#isUsed) return undefined;
    const { correlationId } = properties;
    if (typeof correlationId !== 'string') return undefined;
    const request = this.#waiting.get(correlationId);
    // A service on the same connection receives the request itself.
    if (request === undefined || incoming.creation?.spanId === request.creation.spanId) return undefined;
    this.#waiting.delete(correlationId);
    return this.#now() - request.sentAt > timeOut ? undefined : request;
  }
}

const requests = createStamp<Requests>();

/** The requests of a channel's connection. */
export function requestsOf(channel: object): Requests {
  return ofConnection(channel, requests, () => new Requests());
}

/** A reply as it is processed: one without a context, from a service that is not traced, continues the trace of its request. */
export function replyTo(request: Request, incoming: Incoming): Incoming {
  if (incoming.creation !== undefined) return incoming;
  const context: Context = trace.setSpanContext(incoming.context, request.creation);
  const { destination, attributes, sentAt, content } = incoming;
  return { context, creation: request.creation, destination, attributes, sentAt, content };
}

/** Connects the process span of a reply with its request: a link, and the time since the publish. */
export function recordRoundTrip(request: Request, operation: Operation, now: number = Date.now()): void {
  operation.set(() => ({ [ATTR_REQUEST_DURATION]: Math.max(0, now - request.sentAt) / 1000 }));
  guard('linking a request', () => operation.span?.addLink?.({ context: request.creation }));
}
