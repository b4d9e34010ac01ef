// Implements `mqtrace explain`: explains the headers of a message.
import { text } from 'node:stream/consumers';
import { MqtraceError } from '../common/errors.ts';
import { isRecord } from '../common/check-options.ts';
import { explain } from '../diagnostics/explain.ts';
import { type Command, readArguments } from './command.ts';
import { printable } from './text.ts';
import { waiting } from './waiting.ts';

const maxInput = 2 ** 20;

export const explainCommand: Command = {
  help: `mqtrace explain: describes the trace headers of a message, read from standard input

Accepts JSON (headers as an object or as a list of pairs, or a message with "headers" or "properties"), and header lines as
"curl -i" or "kcat -f '%h'" print them. Values are not printed, only trace ids and the keys of baggage.

    curl -si https://example.com/ | mqtrace explain
    echo '{"traceparent":"00-..."}' | mqtrace explain

  --json    the result as JSON`,
  async run(args, output) {
    const { values } = readArguments(args, { json: { type: 'boolean', default: false } });
    const input = await waiting(output, 'reading headers from standard input', () => text(output.stdin as never));
    const explanation = explain(parseHeaders(input.slice(0, maxInput)));
    const { format, valid, lines } = explanation;
    if (values.json) output.out(JSON.stringify({ schema: 'mqtrace.explain/1', format, valid, lines }, undefined, 2));
    else for (const line of lines) output.out(printable(line));
    return valid ? 0 : 1;
  },
};

/** A message or headers from text. @throws MqtraceError `INVALID_OPTION` if there are none in it. */
export function parseHeaders(input: string): unknown {
  const trimmed = input.trim();
  if (trimmed === '') throw new MqtraceError('INVALID_OPTION', 'standard input: expected headers, but it is empty');
  if (trimmed.startsWith('{') || trimmed.startsWith('[')) {
    try {
      return fromJson(JSON.parse(trimmed));
    } catch (error) {
      if (error instanceof MqtraceError) throw error;
      throw new MqtraceError('INVALID_OPTION', 'standard input: expected JSON or header lines, got invalid JSON');
    }
  }
  const headers: Record<string, string> = {};
  let isHttp = false;
  for (const line of trimmed.split(/\r?\n/)) {
    // kcat prints them on one line, with = and commas; curl prints lines of "Name: value".
    const found = /^[<>]?\s*([!#$%&'*+.^_`|~\w-]+):\s?(.*)$/.exec(line);
    if (found !== null) {
      headers[found[1]!.toLowerCase()] = found[2]!;
      isHttp = true;
    } else
      for (const [, name, value] of line.matchAll(
        /(?:^|,)(traceparent|tracestate|baggage|b3|uber-trace-id)=([^,]*(?:,[^,=]+=[^,]*)*?)(?=,(?:traceparent|tracestate|baggage|b3|uber-trace-id)=|$)/g,
      ))
        // Only these have commas; after other values, the next header follows.
        headers[name!] = /^(?:baggage|tracestate)$/.test(name!) ? value! : value!.split(',', 1)[0]!;
  }
  if (Object.keys(headers).length === 0)
    throw new MqtraceError(
      'INVALID_OPTION',
      'standard input: expected JSON or header lines such as "traceparent: 00-...", got neither',
    );
  // The method tells explain() that this is an HTTP request.
  return isHttp ? { method: undefined, headers } : headers;
}

function fromJson(json: unknown): unknown {
  if (Array.isArray(json)) {
    // A list of pairs, as some tools print headers, or a Redis entry: [id, [name, value, ...]].
    if (json.every((each) => Array.isArray(each) && each.length === 2 && typeof each[0] === 'string'))
      return Object.fromEntries(json as [string, unknown][]);
    if (json.every((each) => isRecord(each) && 'key' in each && 'value' in each))
      return Object.fromEntries((json as { key: string; value: unknown }[]).map(({ key, value }) => [key, value]));
  }
  return json;
}
