// Who owns the globals of OpenTelemetry's API where mqtrace/register meets an SDK that the application sets up.
import { describe, expect, it } from 'vitest';
import { run } from './service.ts';

const preload = ['--import', 'mqtrace/register'];
/** Everything is with the application's SDK, and its context works. */
const theirs = { names: ['xadd', 'order'], child: true, inside: true };

describe('a provider of the application', () => {
  it('stays where it was registered before: mqtrace/register starts none', async () => {
    const { out, err, spans } = await run(['--require', './own-provider.cjs', ...preload, 'own-sdk.cjs']);
    expect(JSON.parse(out)).toEqual(theirs);
    expect([err, spans]).toEqual(['', []]);
  });

  it('takes over where it is registered later: mqtrace/register ends its tracing, and says so', async () => {
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
