// Generates trace and span ids.
import type { IdGenerator } from '@opentelemetry/sdk-trace';

/** The character codes of the hexadecimal digits. */
const codes: Uint8Array = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
const twoTo32 = 0x1_0000_0000;

/** 64 random bits as 16 hexadecimal digits, not all of them zero. */
function sixteenDigits(): string {
  const high = (Math.random() * twoTo32) >>> 0;
  const low = (Math.random() * twoTo32) >>> 0;
  if (high === 0 && low === 0) return sixteenDigits();
  // One call for all digits makes one string; joining parts would make many.
  return String.fromCharCode(
    codes[high >>> 28]!,
    codes[(high >>> 24) & 15]!,
    codes[(high >>> 20) & 15]!,
    codes[(high >>> 16) & 15]!,
    codes[(high >>> 12) & 15]!,
    codes[(high >>> 8) & 15]!,
    codes[(high >>> 4) & 15]!,
    codes[high & 15]!,
    codes[low >>> 28]!,
    codes[(low >>> 24) & 15]!,
    codes[(low >>> 20) & 15]!,
    codes[(low >>> 16) & 15]!,
    codes[(low >>> 12) & 15]!,
    codes[(low >>> 8) & 15]!,
    codes[(low >>> 4) & 15]!,
    codes[low & 15]!,
  );
}

/**
 * Random ids from `Math.random()`, as the SDK's generator makes them, in a third of the time. All bits of a trace id are random, as
 * the random flag of W3C Trace Context Level 2 requires.
 *
 * @internal
 */
export const randomIds: IdGenerator = {
  generateTraceId: () => `${sixteenDigits()}${sixteenDigits()}`,
  generateSpanId: sixteenDigits,
};
