// Answers as Instana's host agent does.
export function answer({ method, path, body }) {
  if (path === '/') return { json: { version: '1.1.999' } };
  if (path === '/com.instana.plugin.nodejs.discovery') {
    return { json: { pid: JSON.parse(body).pid, agentUuid: 'compared', extraHeaders: [] } };
  }
  if (method !== 'POST') return {};
  return { json: [], spans: path.startsWith('/com.instana.plugin.nodejs/traces') ? JSON.parse(body) : [] };
}
