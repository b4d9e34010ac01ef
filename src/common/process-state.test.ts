import { afterEach, expect, test, vi } from 'vitest';

const load = async () => {
  vi.resetModules();
  const { reportFault, tracingFaults } = await import('./faults.ts');
  const { processBaggage } = await import('../propagation/index.ts');
  const { droppedHeaders } = await import('../../carriers/index.ts');
  const { countDroppedHeader } = await import('../../carriers/dropped-headers.ts');
  const { claim } = await import('../messaging/index.ts');
  return { reportFault, tracingFaults, processBaggage, droppedHeaders, countDroppedHeader, claim };
};

const first = await load();
const second = await load();
afterEach(() => first.processBaggage.clear());

test('two copies of the package are loaded', () => {
  expect(first.reportFault).not.toBe(second.reportFault);
});

test('they share one count of faults', () => {
  const before = first.tracingFaults();
  second.reportFault('a test', new Error('x'));
  expect(first.tracingFaults()).toBe(before + 1);
});

test('they share one count of dropped headers', () => {
  const before = first.droppedHeaders()['header-invalid'];
  second.countDroppedHeader('header-invalid');
  expect(first.droppedHeaders()['header-invalid']).toBe(before + 1);
});

test('they share the process-wide baggage', () => {
  second.processBaggage.set('region', 'eu');
  expect(first.processBaggage.get('region')).toBe('eu');
});

test('they wrap an object once', () => {
  const client = { send: (): number => 1 };
  expect(first.claim(client, 'test', {})).toBe(true);
  expect(second.claim(client, 'test', {})).toBe(false);
  expect(Object.keys(client)).toEqual(['send']);
  expect(() => first.claim(Object.freeze({}), 'test', {})).toThrow(/\[INVALID_CLIENT\] test: .*frozen/);
});
