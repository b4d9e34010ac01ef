/**
 * A URL as messages, statistics and file names may show it: without user, password, query and fragment, any of which may hold a
 * secret. What is no URL is cut in the same places.
 *
 * @internal
 */
export function redactUrl(text: string): string {
  if (text.includes('://') && URL.canParse(text)) {
    const url = new URL(text);
    url.username = '';
    url.password = '';
    url.search = '';
    url.hash = '';
    return url.href.replace(/\/$/, text.split(/[?#]/, 1)[0]!.endsWith('/') ? '/' : '');
  }
  return text.replace(/^([a-z]+:\/\/)?.*@/s, '$1').replace(/[?#].*$/s, '');
}
