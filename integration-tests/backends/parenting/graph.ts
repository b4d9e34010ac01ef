// Reads the edges of a Collector's service graph from its metrics.

/** An edge of a service graph. */
export interface Edge {
  readonly namespace: string;
  readonly client: string;
  readonly server: string;
  /** How often it was seen. */
  readonly count: number;
  /** Whether one end is not a service with spans of its own: a broker, `user` or `unknown`. */
  readonly isVirtual: boolean;
  /** The mean duration of the client's and of the server's span, in milliseconds. */
  readonly clientMs: number;
  readonly serverMs: number;
}

const prefix = 'traces_service_graph_request_';

/** All edges that the Collector has counted. */
export async function readEdges(url: string): Promise<Edge[]> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`the Collector answers HTTP ${answer.status} for ${url}`);
  const series = (await answer.text())
    .split('\n')
    .map((line) => new RegExp(`^${prefix}(\\w+)\\{(.*)\\} (\\S+)`).exec(line))
    .filter((found) => found !== null)
    .map(([, name, labels, value]) => ({ name: name!, labels: labels!, value: Number(value) }));
  const valueOf = (name: string, labels: string): number =>
    series.find((each) => each.name === name && each.labels === labels)?.value ?? 0;
  return series
    .filter(({ name }) => name === 'total')
    .map(({ labels, value: count }) => {
      const label = (name: string): string | undefined => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1];
      return {
        namespace: label('client_service_namespace') ?? label('server_service_namespace') ?? '',
        client: label('client') ?? '',
        server: label('server') ?? '',
        count,
        isVirtual: label('connection_type') === 'virtual_node',
        clientMs: (1000 * valueOf('client_seconds_sum', labels)) / count,
        serverMs: (1000 * valueOf('server_seconds_sum', labels)) / count,
      };
    });
}
