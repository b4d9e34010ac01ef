// Answers as Elastic's APM server does.
export function answer({ method, path, body }) {
  if (method === 'GET') return { json: { version: '8.19.0' } };
  if (!path.startsWith('/intake/v2/events')) return { status: 404 };
  const events = body
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return { status: 202, spans: events.flatMap(({ transaction, span }) => transaction ?? span ?? []) };
}
