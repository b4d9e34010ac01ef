import { context, trace } from '@opentelemetry/api';
import { expect, it } from 'vitest';
import { deepFreeze, failure, uniqueName } from './inputs.ts';
import { idOf, linked, recordSpans, underSpan, useContextManager } from './spans.ts';

it('a recording knows which spans are open and which have ended', async () => {
  useContextManager();
  const recording = recordSpans();
  const tracer = recording.tracerProvider.getTracer('test');
  await underSpan(recording, (app) => {
    const span = tracer.startSpan('child', { links: [{ context: app }] }, context.active());
    expect(trace.getSpanContext(context.active())).toBe(app);
    expect(recording.open()).toStrictEqual(['application', 'child']);
    span.end();
  });
  expect(recording.open()).toStrictEqual([]);
  expect(linked(recording.span('child'))).toStrictEqual([idOf(recording.span('application'))]);
  expect(() => recording.span('other')).toThrow('expected one span "other"');
  recording.clear();
  expect(recording.spans()).toStrictEqual([]);
});

it('changing frozen input throws', async () => {
  const input = deepFreeze({ list: [{ name: uniqueName('a') }], body: Buffer.from('b') });
  expect(await failure(() => input.list[0]!.name.length && Object.assign(input.list[0]!, { name: '' }))).toBeInstanceOf(
    TypeError,
  );
  expect(uniqueName('a')).not.toBe(uniqueName('a'));
});
