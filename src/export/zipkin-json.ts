// Converts an encoded OTLP request to Zipkin's JSON form.
import { type JsonAttribute, type JsonSpan, type JsonValue, toJson } from './otlp-json.ts';

/** A span in Zipkin's v2 form. @internal */
export interface ZipkinSpan {
  traceId: string;
  id: string;
  parentId?: string;
  name: string;
  kind?: 'CLIENT' | 'SERVER' | 'PRODUCER' | 'CONSUMER';
  /** Microseconds since 1970. */
  timestamp: number;
  /** Microseconds, at least one. */
  duration: number;
  localEndpoint: { serviceName: string };
  annotations?: { timestamp: number; value: string }[];
  tags: Record<string, string>;
}

const kinds = [undefined, undefined, 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'] as const;
const statusCodes = [undefined, 'OK', 'ERROR'] as const;

/** A value as a string for Zipkin's tags; lists and maps as JSON. */
function tagValue(value: JsonValue): string {
  const plain = plainValue(value);
  return typeof plain === 'string' ? plain : JSON.stringify(plain);
}

function plainValue(value: JsonValue): unknown {
  if (value.arrayValue !== undefined) return value.arrayValue.values.map(plainValue);
  if (value.kvlistValue !== undefined) {
    return Object.fromEntries(value.kvlistValue.values.map((entry) => [entry.key, plainValue(entry.value)]));
  }
  if (value.intValue !== undefined) return Number(value.intValue);
  return value.stringValue ?? value.boolValue ?? value.doubleValue ?? value.bytesValue ?? '';
}

function micros(nanos: string): number {
  return Number(BigInt(nanos) / 1000n);
}

function tagsOf(
  span: JsonSpan,
  resource: readonly JsonAttribute[],
  scope: { name: string; version?: string },
): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const { key, value } of resource) if (key !== 'service.name') tags[key] = tagValue(value);
  for (const { key, value } of span.attributes) tags[key] = tagValue(value);
  if (scope.name) tags['otel.scope.name'] = scope.name;
  if (scope.version) tags['otel.scope.version'] = scope.version;
  const code = statusCodes[span.status.code];
  if (code !== undefined) tags['otel.status_code'] = code;
  // For Zipkin the presence of this tag means an error, so only errors may have it.
  if (code === 'ERROR') tags['error'] = span.status.message ?? 'true';
  else delete tags['error'];
  if (span.droppedAttributesCount > 0) tags['otel.dropped_attributes_count'] = String(span.droppedAttributesCount);
  if (span.droppedEventsCount > 0) tags['otel.dropped_events_count'] = String(span.droppedEventsCount);
  if (span.droppedLinksCount > 0) tags['otel.dropped_links_count'] = String(span.droppedLinksCount);
  return tags;
}

function annotationOf({ timeUnixNano, name, attributes }: JsonSpan['events'][number]): {
  timestamp: number;
  value: string;
} {
  const details = Object.fromEntries(attributes.map((entry) => [entry.key, plainValue(entry.value)]));
  const value = attributes.length === 0 ? name : JSON.stringify({ [name]: details });
  return { timestamp: micros(timeUnixNano), value };
}

/**
 * The spans of an encoded export request in Zipkin's v2 form. Zipkin has no links, and times in microseconds.
 *
 * https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/zipkin/
 * @internal
 */
export function toZipkin(request: Buffer): ZipkinSpan[] {
  const spans: ZipkinSpan[] = [];
  for (const { resource, scopeSpans } of toJson(request).resourceSpans) {
    const serviceName =
      resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? 'unknown_service';
    for (const { scope, spans: those } of scopeSpans) {
      for (const span of those) {
        const kind = kinds[span.kind];
        const timestamp = micros(span.startTimeUnixNano);
        spans.push({
          traceId: span.traceId,
          id: span.spanId,
          ...(span.parentSpanId !== undefined && { parentId: span.parentSpanId }),
          name: span.name,
          ...(kind !== undefined && { kind }),
          timestamp,
          duration: Math.max(1, micros(String(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)))),
          localEndpoint: { serviceName },
          ...(span.events.length > 0 && { annotations: span.events.map(annotationOf) }),
          tags: tagsOf(span, resource.attributes, scope),
        });
      }
    }
  }
  return spans;
}
