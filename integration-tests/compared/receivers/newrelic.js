// Answers as New Relic's collector does.
export const isSecure = true;

const settings = {
  agent_run_id: 1,
  account_id: '1',
  primary_application_id: '1',
  trusted_account_key: '1',
  entity_guid: 'compared',
  span_event_harvest_config: { report_period_ms: 60_000, harvest_limit: 10_000 },
};

export function answer({ path, host, body }) {
  const method = new URL(path, 'https://any').searchParams.get('method');
  const json = { return_value: { preconnect: { redirect_host: host }, connect: settings }[method] ?? null };
  return { json, spans: method === 'span_event_data' ? JSON.parse(body)[2] : [] };
}
