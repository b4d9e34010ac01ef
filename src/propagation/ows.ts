// Trims the optional white space of HTTP headers.
const SPACE = 0x20;
const TAB = 0x09;

/**
 * Without the optional white space of HTTP (RFC 9110, 5.6.3): spaces and tabs alone. `trim()` would also take away what the
 * specifications call a malformed character. @internal
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
