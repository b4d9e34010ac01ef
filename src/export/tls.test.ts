import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { collectDiag } from '../sdk/testing/diag-log.ts';
import { cleanUpAfterEach, closeLater, start } from '../sdk/testing/fixture.ts';
import { certificate, certificateKey } from './testing/certificate.ts';
import { GrpcReceiver } from '../../test-support/otlp-grpc-receiver.ts';
import { HttpReceiver } from '../../test-support/otlp-receiver.ts';

cleanUpAfterEach();

let directory: string;
const file = (name: string): string => join(directory, name);
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'mqtrace-tls-'));
  writeFileSync(file('cert.pem'), certificate);
  writeFileSync(file('key.pem'), certificateKey);
});
afterAll(() => rmSync(directory, { recursive: true }));
afterEach(() => void vi.unstubAllEnvs());

/** A TLS receiver that accepts only clients with the certificate. */
async function httpsReceiver(): Promise<{ url: string; receiver: HttpReceiver }> {
  const receiver = new HttpReceiver();
  const tls = { cert: certificate, key: certificateKey, ca: certificate, requestCert: true, rejectUnauthorized: true };
  const server = createServer(tls, (request, response) => receiver.take(request, response));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  closeLater({
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  });
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, receiver };
}

async function grpcsReceiver(): Promise<{ url: string; receiver: GrpcReceiver }> {
  const credentials = grpc.ServerCredentials.createSsl(
    Buffer.from(certificate),
    [{ cert_chain: Buffer.from(certificate), private_key: Buffer.from(certificateKey) }],
    true,
  );
  const receiver = await new GrpcReceiver().start(0, credentials);
  closeLater({ close: () => receiver.stop() });
  return { url: `https://127.0.0.1:${receiver.port}`, receiver };
}

const kinds = [
  ['http/protobuf', httpsReceiver],
  ['grpc', grpcsReceiver],
] as const;

test.each(kinds)('%s over TLS, with the certificates that the variables name', async (protocol, open) => {
  const { url, receiver } = await open();
  vi.stubEnv('OTEL_EXPORTER_OTLP_CERTIFICATE', file('cert.pem'));
  vi.stubEnv('OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE', file('cert.pem'));
  vi.stubEnv('OTEL_EXPORTER_OTLP_CLIENT_KEY', file('key.pem'));
  const tracing = start({ export: { protocol, endpoint: url }, register: false });
  tracing.span('work', () => undefined);
  expect(await tracing.shutdown()).toEqual({ exported: 1, left: 0, dropped: 0 });
  expect(receiver.received.spans.size).toBe(1);
});

test.each(kinds)('%s sends nothing to a server with an untrusted certificate', async (protocol, open) => {
  collectDiag();
  const { url, receiver } = await open();
  const tracing = start({ export: { protocol, endpoint: url }, register: false });
  tracing.span('work', () => undefined);
  expect(await tracing.shutdown({ timeoutMs: 300 })).toEqual({ exported: 0, left: 0, dropped: 1 });
  expect(receiver.received.spans.size).toBe(0);
});

test('http/protobuf over TLS, with the certificates of the options', async () => {
  const { url, receiver } = await httpsReceiver();
  const httpAgentOptions = { ca: certificate, cert: certificate, key: certificateKey };
  const tracing = start({ export: { endpoint: url, httpAgentOptions }, register: false });
  tracing.span('work', () => undefined);
  expect(await tracing.shutdown()).toEqual({ exported: 1, left: 0, dropped: 0 });
  expect(receiver.received.spans.size).toBe(1);
});
