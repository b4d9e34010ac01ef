// Trims the optional white space of HTTP headers.
const SPACE = 0x20;
const TAB = 0x09;

/**
 * The text without the optional white space of HTTP (RFC 9110, 5.6.3): spaces and tabs only. `trim()` would also remove characters
 * that make a header malformed. @internal
 */
export function trimOws(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isOws(text.charCodeAt(start))) start++;
  while (end > start && isOws(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

function isOws(code: number): boolean {
  return code === SPACE || code === TAB;
}
