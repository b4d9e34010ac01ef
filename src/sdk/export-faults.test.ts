import { expect, test } from 'vitest';
import { startTracing } from './index.ts';
import { collectDiag } from './testing/diag-log.ts';
import { cleanUpAfterEach, receiver, serve, start } from './testing/fixture.ts';

cleanUpAfterEach();

function fails(): never {
  throw new Error('broken processor');
}

test('a processor of the application gets spans first, and its faults do not spread', async () => {
  const collector = await receiver();
  const reported = collectDiag();
  const order: string[] = [];
  const broken = { onStart: fails, onEnding: fails, onEnd: fails, forceFlush: fails, shutdown: fails };
  const good = {
    onStart: (span: { setAttribute(name: string, value: string): unknown }) => void span.setAttribute('seen', 'yes'),
    onEnd: (span: { name: string }) => void order.push(span.name),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const tracing = start({ export: { endpoint: collector.url }, spanProcessors: [broken, good] });
  expect(tracing.span('work', () => 7)).toBe(7);
  expect(order).toEqual(['work']);
  await tracing.shutdown();
  expect(collector.spans).toMatchObject([{ name: 'work', attributes: { seen: 'yes' } }]);
  expect(reported.join('\n')).toContain('broken processor');
});

test('flush and shutdown resolve and report it if the collector rejects spans', async () => {
  const reported = collectDiag();
  const url = await serve((_, response) => void response.writeHead(400).end('no'));
  const tracing = start({ export: { endpoint: url } });
  tracing.span('refused', () => undefined);
  await expect(tracing.flush()).resolves.toEqual({ exported: 0, left: 0, dropped: 1 });
  expect(reported.join()).toContain('1 spans lost (rejected): HTTP 400');
  expect(reported.join()).toContain('mqtrace: flush did not export everything');
  await expect(tracing.shutdown()).resolves.toEqual({ exported: 0, left: 0, dropped: 0 });
});

test('flush and shutdown time out with a collector that never responds', async () => {
  const reported = collectDiag();
  const url = await serve(() => undefined);
  const tracing = startTracing({ export: { endpoint: url } });
  tracing.span('never answered', () => undefined);
  await tracing.flush({ timeoutMs: 20 });
  expect(reported.join()).toContain('flush did not export everything: 1 spans left');
  const ending = tracing.shutdown({ timeoutMs: 20 });
  expect(tracing.shutdown()).toBe(ending);
  await ending;
  await tracing.flush();
});
