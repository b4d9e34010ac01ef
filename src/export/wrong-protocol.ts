// Detects requests that were sent to the port of another protocol.
import { ExportError } from './export-error.ts';

type Transport = 'http' | 'grpc';

const conventionalPort = { http: '4318', grpc: '4317' } as const;
const expected = { http: 'HTTP/1.1', grpc: 'HTTP/2' } as const;

/** Error codes of a closed connection, as with some receivers that get invalid data. */
const cut: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE', 'ERR_HTTP2_STREAM_CANCEL']);

/**
 * The error to report if a failed request was probably sent to the port of another protocol; undefined if not. Typically, 4317 and
 * 4318 are swapped.
 *
 * @internal
 */
export function wrongProtocol(transport: Transport, url: URL, error: unknown): ExportError | undefined {
  const { code, message = '' } = (error ?? {}) as { code?: unknown; message?: string };
  const text = String(code);
  const other = transport === 'http' ? 'grpc' : 'http';
  const unreadable = transport === 'http' ? text.startsWith('HPE_') : text === 'ERR_HTTP2_ERROR';
  const swapped = url.port === conventionalPort[other] && cut.has(code);
  if (unreadable || swapped) {
    const name = other === 'grpc' ? 'OTLP over gRPC' : 'OTLP over HTTP';
    const mend = `use port ${conventionalPort[transport]} or protocol ${other === 'grpc' ? "'grpc'" : "'http/protobuf'"}`;
    const tls = url.protocol === 'http:' ? `, or it expects TLS (https://)` : '';
    const what = unreadable ? `the response is not ${expected[transport]}` : 'the connection was closed';
    return new ExportError(`${what}: port ${url.port} may be the one for ${name} (${mend})${tls}`, {
      type: 'wrong_protocol',
      cause: error,
    });
  }
  if (text === 'ERR_SSL_WRONG_VERSION_NUMBER' || /wrong version number|packet length too long/.test(message)) {
    return new ExportError(`the receiver does not speak TLS at port ${url.port}: use http:// instead of https://`, {
      type: 'wrong_protocol',
      cause: error,
    });
  }
  return undefined;
}
