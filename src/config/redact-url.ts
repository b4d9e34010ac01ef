// Removes secrets from the URLs of destinations.
/**
 * The URL for messages, statistics and file names: without user, password, query and fragment, which may hold secrets. Text that is
 * not a URL is cut at the same delimiters.
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
