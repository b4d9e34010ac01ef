// Tests that the application's own SDK owns the globals of OpenTelemetry's API with mqtrace/register.
import { describe, expect, it } from 'vitest';
import { run } from './service.ts';

const preload = ['--import', 'mqtrace/register'];
/** Everything is with the application's SDK, and its context works. */
const theirs = { names: ['xadd', 'order'], child: true, inside: true };

describe('a provider of the application', () => {
  it('stays if it was registered before: mqtrace/register starts none', async () => {
    const { out, err, spans } = await run(['--require', './own-provider.cjs', ...preload, 'own-sdk.cjs']);
    expect(JSON.parse(out)).toEqual(theirs);
    expect([err, spans]).toEqual(['', []]);
  });

  it('replaces that of mqtrace/register if it is registered later, with a warning', async () => {
    const { out, err, spans } = await run([...preload, 'own-sdk.cjs']);
    expect(JSON.parse(out)).toEqual(theirs);
    expect(err).toMatch(/^mqtrace: the application has started an OpenTelemetry SDK of its own[^\n]*\n$/);
    expect(spans).toEqual([]);
  });

  it('is the only one with MQTRACE_SDK=off', async () => {
    const { out, err, spans } = await run([...preload, 'own-sdk.cjs'], { env: { MQTRACE_SDK: 'off' } });
    expect(JSON.parse(out)).toEqual(theirs);
    expect([err, spans]).toEqual(['', []]);
  });
});

describe('clients and tracers that existed before', () => {
  const start = (slots: string): ReturnType<typeof run> =>
    run([...preload, 'own-sdk.mjs'], { env: { SLOTS: slots, MQTRACE_HIDE_FIELDS: 'false' } });

  it.each(['trace', 'context,propagation,trace', 'trace,propagation,context'])(
    'use the provider of the application (%s)',
    async (slots) => {
      const { out, err, spans } = await start(slots);
      const told = JSON.parse(out) as { header: string };
      expect(told).toMatchObject({ registered: slots.split(',').map(() => true), names: ['xadd', 'order'] });
      expect(told).toMatchObject(slots === 'trace' ? {} : { child: true, header: 'b3' });
      expect(spans.map(({ name }) => name.split(' ')[0])).toEqual(['xadd']);
      expect(err).toMatch(/^mqtrace: the application has started[^\n]*\n$/);
    },
  );

  it('use the propagator and the context manager of the application, and the provider of mqtrace/register stays', async () => {
    const { out, err, spans } = await start('propagation,context');
    expect(JSON.parse(out)).toMatchObject({ registered: [true, true], header: 'b3' });
    expect(spans.map(({ name }) => name.split(' ')[0]!).sort()).toEqual(['order', 'xadd', 'xadd']);
    expect(err).toBe('');
  });
});
