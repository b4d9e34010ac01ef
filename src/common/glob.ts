// Matches text against glob patterns.
/**
 * Whether a text matches a pattern in which `*` stands for any number of characters and `?` for one. Case-sensitive. Does not use a
 * regular expression, because the text may be untrusted: the time is bounded by the product of both lengths.
 *
 * @internal
 */
export function matchesGlob(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  let index = 0;
  while (index < text.length) {
    const wanted = pattern[at];
    if (wanted === '*') {
      star = at++;
      resume = index;
    } else if (wanted !== undefined && (wanted === '?' || wanted === text[index])) {
      at++;
      index++;
    } else if (star >= 0) {
      at = star + 1;
      index = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
