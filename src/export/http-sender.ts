// Sends encoded requests over HTTP/1.1.
import { type Agent as HttpAgent, request as requestHttp } from 'node:http';
import { type Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { ExportError } from './export-error.ts';
import { type HttpAnswer, httpPost } from './http-post.ts';
import { parseRetryAfter } from './retry-after.ts';
import type { Sender, SendResult } from './sender.ts';
import { userAgent } from './user-agent.ts';
import { wrongProtocol } from './wrong-protocol.ts';

/** Options of an {@link HttpSender}. @internal */
export interface HttpTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Creates the agent at the first export, for example for a proxy. */
  readonly agentFactory: (protocol: string) => HttpAgent | HttpsAgent | Promise<HttpAgent | HttpsAgent>;
  readonly timeoutMs: number;
  readonly compression: 'none' | 'gzip';
  readonly contentType: string;
  /** Converts an encoded request to the sent body. Default: unchanged. */
  readonly encode?: (request: Buffer) => Buffer;
  /** Reads rejected spans from a successful response. Default: none. */
  readonly readSuccess?: (body: Buffer) => SendResult & { status: 'ok' };
}

/** https://opentelemetry.io/docs/specs/otlp/#failures-1 */
const retryable: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Sends over HTTP/1.1 with Node's own client. @internal */
export class HttpSender implements Sender {
  readonly #target: HttpTarget;
  readonly #url: URL;
  // The build loads these parts of Node.js where the code names them: here, because a test runner may have closed the
  // module system before the first request.
  readonly #open: typeof requestHttp;
  readonly #compress: ((input: Buffer) => Promise<Buffer>) | undefined;
  #agent: Promise<HttpAgent | HttpsAgent> | undefined;

  constructor(target: HttpTarget) {
    this.#target = target;
    this.#url = new URL(target.url);
    this.#open = this.#url.protocol === 'https:' ? requestHttps : requestHttp;
    this.#compress = target.compression === 'gzip' ? promisify(gzip) : undefined;
  }

  async send(bytes: Buffer, signal: AbortSignal): Promise<SendResult> {
    const { headers, contentType, timeoutMs, encode } = this.#target;
    try {
      const agent = await this.#openAgent();
      const body = encode === undefined ? bytes : encode(bytes);
      const zipped = this.#compress !== undefined;
      const sent = this.#compress === undefined ? body : await this.#compress(body);
      if (signal.aborted) return { status: 'retry', error: new Error('aborted') };
      const answer = await httpPost({
        open: this.#open,
        url: this.#url,
        headers: {
          'user-agent': userAgent,
          ...headers,
          'content-type': contentType,
          ...(zipped && { 'content-encoding': 'gzip' }),
        },
        agent,
        body: sent,
        timeoutMs,
        signal,
      });
      return this.#judge(answer);
    } catch (error) {
      const hint = wrongProtocol('http', this.#url, error);
      return { status: 'retry', error: hint ?? error, ...(hint && { wrongProtocol: true }) };
    }
  }

  #openAgent(): Promise<HttpAgent | HttpsAgent> {
    this.#agent ??= Promise.resolve(this.#target.agentFactory(this.#url.protocol)).catch((error: unknown) => {
      // The next attempt calls the factory again.
      this.#agent = undefined;
      throw error;
    });
    return this.#agent;
  }

  #judge({ status, retryAfter, body, complete }: HttpAnswer): SendResult {
    if (status >= 200 && status < 300) {
      const { readSuccess } = this.#target;
      if (readSuccess === undefined) return { status: 'ok', rejected: 0, httpStatus: status };
      if (complete) return { ...readSuccess(body), httpStatus: status };
      const error = new Error(`the response was truncated after the status ${status}`);
      return { status: 'retry', answered: true, incomplete: true, error };
    }
    const error = new ExportError(`HTTP ${status}`, { type: String(status), httpStatus: status });
    if (retryable.has(status)) {
      return { status: 'retry', afterMs: parseRetryAfter(retryAfter), answered: true, error };
    }
    return { status: status === 413 ? 'split' : 'reject', error };
  }

  close(): void {
    // An agent from a factory is used by this sender only.
    void this.#agent?.then(
      (agent) => agent.destroy(),
      () => undefined,
    );
  }
}
