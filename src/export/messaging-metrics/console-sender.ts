// Prints metrics on the console, for development.
import type { Sender, SendResult } from '../sender.ts';

interface Printed {
  resourceMetrics: {
    scopeMetrics: { metrics: Metric[] }[];
  }[];
}

interface Metric {
  name: string;
  sum?: { dataPoints: Point[] };
  gauge?: { dataPoints: Point[] };
  histogram?: { dataPoints: Point[] };
}

interface Point {
  attributes: { key: string; value: Record<string, unknown> }[];
  asInt?: string;
  count?: string;
  sum?: number;
}

/** Prints each series of a request in JSON as one line. @internal */
export class ConsoleMetricsSender implements Sender {
  send(bytes: Buffer): Promise<SendResult> {
    const { resourceMetrics } = JSON.parse(bytes.toString()) as Printed;
    for (const { scopeMetrics } of resourceMetrics) {
      for (const { name, sum, gauge, histogram } of scopeMetrics.flatMap(({ metrics }) => metrics)) {
        for (const point of (sum ?? gauge ?? histogram)?.dataPoints ?? []) console.log(line(name, point));
      }
    }
    return Promise.resolve({ status: 'ok', rejected: 0 });
  }

  close(): void {
    // Nothing stays open.
  }
}

function line(name: string, { attributes, asInt, count, sum }: Point): string {
  const labels = attributes.map(({ key, value }) => `${key}=${Object.values(value).join()}`).join(' ');
  return `${name} ${asInt ?? `count=${count} sum=${sum}`} ${labels}`;
}
