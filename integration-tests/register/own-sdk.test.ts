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
