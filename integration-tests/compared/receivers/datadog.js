// Answers as Datadog's agent does, and receives the statistics of Data Streams Monitoring.
import { decode } from './msgpack.js';

export function answer({ path, bytes }) {
  if (path === '/info') return { json: { endpoints: ['/v0.4/traces', '/v0.1/pipeline_stats'] } };
  if (!path.startsWith('/v0.1/pipeline_stats')) return { json: { rate_by_service: {} } };
  const edges = decode(bytes).Stats.flatMap(({ Stats }) => Stats);
  // What is received is not spans, but the edges of pipelines: a direction, a type and a destination.
  return { spans: edges.map(({ EdgeTags }) => EdgeTags) };
}
