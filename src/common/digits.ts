// Parses decimal digits without allocating memory.

/** More digits may not be exact. */
const maxDigits = 15;

/**
 * Stores the number that the first characters of a text represent; it takes a third of the time of `Number`. A typed array, because a
 * number that is returned may be allocated.
 *
 * @param end - the number of characters.
 * @returns false, without a number, if they are not 1 to 15 decimal digits.
 */
export function parseDigits(text: string, end: number, into: Float64Array): boolean {
  if (end < 1 || end > maxDigits) return false;
  let value = 0;
  for (let at = 0; at < end; at++) {
    const digit = text.charCodeAt(at) - 48;
    // At the end of the text it is NaN.
    if (!(digit >= 0 && digit <= 9)) return false;
    value = value * 10 + digit;
  }
  into[0] = value;
  return true;
}
