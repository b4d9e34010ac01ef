import { describe, expect, it } from 'vitest';
import { replaceMethod } from './instance.ts';

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
