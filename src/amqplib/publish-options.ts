// Copies the options of a publish with other headers.
/** The options of a publish that amqplib reads, without the headers. */
export const publishOptions = [
  'expiration',
  'userId',
  'CC',
  'BCC',
  'mandatory',
  'persistent',
  'deliveryMode',
  'contentType',
  'contentEncoding',
  'priority',
  'correlationId',
  'replyTo',
  'messageId',
  'timestamp',
  'type',
  'appId',
] as const;

/** The caller's options with other headers, in a new object. */
export function withHeaders(options: unknown, headers: object): object {
  if (typeof options !== 'object' || options === null) return { headers };
  const prototype: unknown = Object.getPrototypeOf(options);
  if (prototype === Object.prototype || prototype === null) {
    // V8 is slow at adding a property after a spread.
    const copy = { headers, ...options };
    copy.headers = headers;
    return copy;
  }
  // Options that are an instance of a class, from which amqplib reads inherited values and accessors.
  const copy: Record<string, unknown> = {};
  for (const name of publishOptions) copy[name] = (options as Record<string, unknown>)[name];
  copy['headers'] = headers;
  return copy;
}
