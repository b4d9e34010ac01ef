// Writes spans to a file or to the console.
import { appendFile } from 'node:fs/promises';
import { toJson } from './otlp-json.ts';
import type { Sender, SendResult } from './sender.ts';
import { spanLine } from './span-line.ts';

const done: SendResult = { status: 'ok', rejected: 0 };

/** Appends each request to a file as one line of OTLP's JSON form, as the Collector's file exporter does. @internal */
export class FileSender implements Sender {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async send(bytes: Buffer): Promise<SendResult> {
    try {
      await appendFile(this.#path, `${JSON.stringify(toJson(bytes))}\n`);
      return done;
    } catch (error) {
      return { status: 'retry', error };
    }
  }

  close(): void {
    // Nothing stays open.
  }
}

/** Prints each span as one line on the console, for development. @internal */
export class ConsoleSender implements Sender {
  send(bytes: Buffer): Promise<SendResult> {
    const columns = process.stdout.columns || 80;
    for (const { resource, scopeSpans } of toJson(bytes).resourceSpans) {
      const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
      for (const { spans } of scopeSpans) for (const span of spans) console.log(spanLine(span, service, columns));
    }
    return Promise.resolve(done);
  }

  close(): void {
    // Nothing stays open.
  }
}
