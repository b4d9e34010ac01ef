// The instructions that are shown until a message is received.
import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import { group } from '../queries/durations.ts';
import type { Status } from './api.tsx';
import { Command } from './command.tsx';
import { exampleRequest } from './example-request.ts';

/** Commands that send spans to this view, to be copied. */
export function EmptyView({ status }: { status: Status }): VNode {
  const http = reachable(status.endpoints.http ?? 'http://127.0.0.1:4318');
  const grpc = reachable(status.endpoints.grpc ?? 'http://127.0.0.1:4317');
  const example = useMemo(() => exampleRequest(Date.now()), []);
  const { received } = status.spans;
  const { refused, lastError } = status.intake;
  return (
    <div class="empty">
      <h2>
        <span class="pulse" aria-hidden="true" /> Waiting for messages
      </h2>
      <p>Send spans to this address, in one of these ways. The map appears as soon as a message arrives.</p>
      {received > 0 && (
        <p class="warn">
          {group(received)} spans have arrived, but none of them is about a message: the clients of Kafka, RabbitMQ or
          Redis are not traced.
        </p>
      )}
      {refused > 0 && (
        <p class="bad">
          ✕ {group(refused)} requests could not be read: {lastError}
        </p>
      )}
      <h3>A Node.js service that is not traced yet</h3>
      <Command
        text={`npm install mqtrace @opentelemetry/api@~1.9 @opentelemetry/sdk-trace@2\nOTEL_SERVICE_NAME=shop OTEL_EXPORTER_OTLP_ENDPOINT=${http} node --import mqtrace/register app.js`}
      />
      <p class="note">traces kafkajs, amqplib, ioredis and BullMQ without a change of the code</p>
      <h3>A service with OpenTelemetry, in any language</h3>
      <Command text={`export OTEL_EXPORTER_OTLP_ENDPOINT=${http}`} />
      <p class="note">
        OTLP over HTTP (protobuf and JSON); OTLP over gRPC: <code>{grpc}</code>
      </p>
      <h3>No service at hand: one example message</h3>
      <Command text={`curl -H 'content-type: application/json' ${http}/v1/traces -d '${example}'`} />
      {!isLoopback(http) && (
        <p class="warn">
          This view requires a token: the terminal in which it runs shows the value of OTEL_EXPORTER_OTLP_HEADERS; with
          curl, it is the header <code>authorization: Bearer TOKEN</code>.
        </p>
      )}
    </div>
  );
}

/** An address that listens on all interfaces, as this page reaches it. */
function reachable(url: string): string {
  return url.replace(/\/\/(?:0\.0\.0\.0|\[::\])(?=[:/])/, `//${location.hostname}`);
}

function isLoopback(url: string): boolean {
  return /^https?:\/\/(?:127\.|localhost[:/]|\[::1\])/.test(url);
}
