// Parses the arguments of stream commands by the rules of Redis.

import { types } from 'node:util';

/** The arguments of a command that reads or claims entries. @internal */
export interface GroupArguments {
  group?: string | undefined;
  consumer?: string | undefined;
  /** The streams to read, in order. */
  streams: string[];
  /** Whether reading entries acknowledges them. */
  noAck?: boolean;
}

/** An argument of a command as text: a key, an option, an id. @internal */
export function text(argument: unknown): string {
  if (typeof argument === 'string') return argument;
  return types.isUint8Array(argument) ? Buffer.from(argument).toString() : String(argument);
}

const entryId = /^(?:\*|\d{1,20}(?:-(?:\d{1,20}|\*))?)$/;

/**
 * The index of the first field of an XADD; undefined if its arguments are invalid.
 *
 * `XADD key [NOMKSTREAM] [KEEPREF | DELREF | ACKED] [IDMPAUTO pid | IDMP pid iid] [MAXLEN | MINID [= | ~] threshold [LIMIT count]] id
 * field value [field value ...]`
 *
 * @internal
 */
export function fieldsOfXadd(args: readonly unknown[]): number | undefined {
  let at = 1;
  if (args[1] === '*') return args.length >= 4 && args.length % 2 === 0 ? 2 : undefined;
  for (; at < args.length; at++) {
    const argument = text(args[at]);
    if (entryId.test(argument)) break;
    switch (argument.toUpperCase()) {
      case 'NOMKSTREAM':
      case 'KEEPREF':
      case 'DELREF':
      case 'ACKED':
        break;
      case 'MAXLEN':
      case 'MINID':
        at += ['=', '~'].includes(text(args[at + 1])) ? 2 : 1;
        break;
      case 'LIMIT':
      case 'IDMPAUTO':
        at += 1;
        break;
      case 'IDMP':
        at += 2;
        break;
      default:
        return undefined;
    }
  }
  const start = at + 1;
  const count = args.length - start;
  return count >= 2 && count % 2 === 0 ? start : undefined;
}

/** `XREAD [COUNT n] [BLOCK ms] STREAMS key ... id ...`; XREADGROUP with `GROUP group consumer` before. @internal */
export function argumentsOfRead(args: readonly unknown[]): GroupArguments {
  const read: GroupArguments = { streams: [] };
  let at = 0;
  // The values of options are skipped, so that a group named "streams" is not taken for the option.
  while (at < args.length) {
    const option = text(args[at]).toUpperCase();
    if (option === 'STREAMS') {
      const rest = args.slice(at + 1);
      read.streams = rest.slice(0, Math.floor(rest.length / 2)).map(text);
      break;
    }
    if (option === 'GROUP') {
      read.group = text(args[at + 1]);
      read.consumer = text(args[at + 2]);
      at += 3;
    } else {
      if (option === 'NOACK') read.noAck = true;
      at += option === 'NOACK' ? 1 : 2;
    }
  }
  return read;
}

/** `XCLAIM key group consumer ...` and `XAUTOCLAIM key group consumer ...` @internal */
export function argumentsOfClaim(args: readonly unknown[]): GroupArguments {
  if (args.length < 3) return { streams: [] };
  return { streams: [text(args[0])], group: text(args[1]), consumer: text(args[2]) };
}
