// Implements the options that look into messages: `captureHeaders`, `bodySize`, `onSend` and `onProcess`.
import { types } from 'node:util';
import type { Span } from '@opentelemetry/api';
import { invalidOption } from '../common/errors.ts';
import { answered, callHook, reportFault } from '../common/faults.ts';
import { type HeaderCapture, headerCapture } from './capture-headers.ts';
import { type MessageContent, viewOf } from './message-view.ts';
import type { Destination, Operation } from './operation.ts';
import type { MessageHook, TraceOptions } from './options.ts';
import { ATTR_MESSAGE_BODY_SIZE } from './semconv.ts';

/** The rules of one client. They apply only to spans that record, and each fault is counted. */
export class ContentRules {
  readonly #capture: HeaderCapture | undefined;
  readonly #bodySize: boolean;
  readonly #onSend: MessageHook | undefined;
  readonly #onProcess: MessageHook | undefined;

  private constructor(
    capture: HeaderCapture | undefined,
    bodySize: boolean,
    onSend: MessageHook | undefined,
    onProcess: MessageHook | undefined,
  ) {
    this.#capture = capture;
    this.#bodySize = bodySize;
    this.#onSend = onSend;
    this.#onProcess = onProcess;
  }

  /**
   * The rules of these options; undefined if none of them looks into messages.
   *
   * @throws MqtraceError `INVALID_OPTION`
   */
  static of(where: string, options: TraceOptions, propagated: () => readonly string[]): ContentRules | undefined {
    const { captureHeaders, bodySize, onSend, onProcess } = options;
    for (const [name, hook] of Object.entries({ onSend, onProcess })) {
      if (hook === undefined || typeof hook === 'function') continue;
      throw invalidOption(`${where}({ ${name} })`, hook, 'a function of the span and the message');
    }
    const capture = captureHeaders === undefined ? undefined : headerCapture(where, captureHeaders, propagated);
    if (capture === undefined && bodySize !== true && onSend === undefined && onProcess === undefined) return undefined;
    return new ContentRules(capture, bodySize === true, onSend, onProcess);
  }

  /** For the span of one sent message. */
  sent(operation: Operation, destination: Destination | undefined, content: MessageContent): void {
    const span = recordingSpan(operation);
    if (span === undefined) return;
    this.#describe(operation, content);
    this.#call('the onSend option', this.#onSend, span, destination, content);
  }

  /** For each message of a send that has one span: attributes that differ are not set. */
  sentTogether(operation: Operation, destination: Destination | undefined, content: MessageContent): void {
    const span = this.#onSend && recordingSpan(operation);
    if (span !== undefined) this.#call('the onSend option', this.#onSend, span, destination, content);
  }

  /** For the span of processing one message. */
  processed(operation: Operation, destination: Destination | undefined, content: MessageContent): void {
    const span = recordingSpan(operation);
    if (span === undefined) return;
    this.#describe(operation, content);
    this.#call('the onProcess option', this.#onProcess, span, destination, content);
  }

  /** For the span of pulling one message. */
  pulled(operation: Operation, content: MessageContent): void {
    if (recordingSpan(operation) !== undefined) this.#describe(operation, content);
  }

  #describe(operation: Operation, content: MessageContent): void {
    try {
      const attributes = this.#capture?.(content.headers);
      for (const name in attributes) operation.put(name, attributes[name]);
    } catch (error) {
      reportFault('setting span attributes', error);
    }
    if (this.#bodySize) operation.put(ATTR_MESSAGE_BODY_SIZE, sizeOf(content.body));
  }

  #call(
    what: string,
    hook: MessageHook | undefined,
    span: Span,
    destination: Destination | undefined,
    content: MessageContent,
  ): void {
    if (hook !== undefined) callHook(what, () => hook(span, viewOf(destination?.name, content)));
  }
}

function recordingSpan({ span }: Operation): Span | undefined {
  try {
    return span !== undefined && answered(span.isRecording()) ? span : undefined;
  } catch (error) {
    reportFault('reading a span', error);
    return undefined;
  }
}

/** The size of a body in bytes; undefined if the client has no body. */
function sizeOf(body: unknown): number | undefined {
  if (typeof body === 'string') return Buffer.byteLength(body);
  if (types.isUint8Array(body)) return body.byteLength;
  return body === null ? 0 : undefined;
}
