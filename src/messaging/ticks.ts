// Reads the monotonic clock without allocating memory.
import { endianness } from 'node:os';

const { hrtime } = process;
const nanos = new BigInt64Array(1);
const words = new Uint32Array(nanos.buffer);
const low = endianness() === 'LE' ? 0 : 1;

/**
 * Stores the time of the monotonic clock in milliseconds. `performance.now()` allocates a number for each reading. Optimized code
 * allocates nothing for the 64-bit number here, because it is only stored.
 */
export function readTicks(into: Float64Array, at: number): void {
  nanos[0] = hrtime.bigint();
  into[at] = (words[1 - low]! * 0x1_0000_0000 + words[low]!) / 1e6;
}
