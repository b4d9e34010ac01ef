// Makes the reading methods of a carrier never throw.
import type { CarrierAdapter } from './adapter.ts';
import { countDroppedHeader } from './dropped-headers.ts';

/**
 * The adapter, which returns nothing if reading throws. Clients return plain data, but the application may have changed it: a
 * getter that throws, a revoked proxy, an object that only inherits from Buffer. @internal
 */
export function safeReader<H, A extends CarrierAdapter<H> = CarrierAdapter<H>>(adapter: A): A {
  return {
    ...adapter,
    get(carrier: H, key: string): string | undefined {
      try {
        return adapter.get(carrier, key);
      } catch {
        countDroppedHeader('header-invalid');
        return undefined;
      }
    },
    getAll(carrier: H, key: string): string[] {
      try {
        return adapter.getAll(carrier, key);
      } catch {
        countDroppedHeader('header-invalid');
        return [];
      }
    },
    keys(carrier: H): string[] {
      try {
        return adapter.keys(carrier);
      } catch {
        countDroppedHeader('header-invalid');
        return [];
      }
    },
  };
}
