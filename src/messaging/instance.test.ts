import { describe, expect, it } from 'vitest';
import { asAutomatic, claim, isTracedExplicitly, replaceMethod } from './instance.ts';

describe('replaceMethod', () => {
  it('keeps a method of the class out of copies of the object', () => {
    class Client {
      send(): string {
        return 'raw';
      }
    }
    const client = new Client();
    replaceMethod(client, 'send', (raw) => () => `traced ${String(raw.call(client))}`);
    expect(client.send()).toBe('traced raw');
    expect(Object.keys(client)).toStrictEqual([]);
    expect(new Client().send()).toBe('raw');
  });

  it("keeps an object's own method in copies of the object", () => {
    const client = { send: (first: string, second: string) => first + second };
    replaceMethod(client, 'send', () => () => 'traced');
    const copy = { ...client };
    expect(copy.send('a', 'b')).toBe('traced');
    expect(copy.send).toHaveLength(2);
    expect(copy.send.name).toBe('send');
  });
});

describe('an object that was traced automatically', () => {
  const trace = (client: { send(): string }, word: string, options: object): boolean => {
    if (!claim(client, 'trace', options)) return false;
    replaceMethod(client, 'send', (raw) => () => `${word} ${String(raw.call(client))}`);
    return true;
  };
  const client = (): { send(): string } => ({ send: () => 'raw' });

  it('is given up to explicit tracing, with its methods as they were', () => {
    const object = client();
    expect(trace(object, 'automatic', asAutomatic({}))).toBe(true);
    expect(object.send()).toBe('automatic raw');
    expect(trace(object, 'explicit', {})).toBe(true);
    expect([object.send(), isTracedExplicitly(object)]).toEqual(['explicit raw', true]);
    expect(trace(object, 'again', asAutomatic({}))).toBe(false);
  });

  it('is not traced automatically a second time', () => {
    const object = client();
    expect(trace(object, 'first', asAutomatic({}))).toBe(true);
    expect(trace(object, 'second', asAutomatic({ parenting: 'link' }))).toBe(false);
    expect(object.send()).toBe('first raw');
  });

  it('is not changed if a method was replaced meanwhile', () => {
    const object = client();
    trace(object, 'automatic', asAutomatic({}));
    const automatic: () => string = object.send.bind(object);
    object.send = () => `theirs ${automatic()}`;
    expect(trace(object, 'explicit', {})).toBe(false);
    expect(object.send()).toBe('theirs automatic raw');
  });
});
