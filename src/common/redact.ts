// Takes secrets out of text that goes on spans: URLs, and messages of errors that hold URLs.

/** User name and password of a URL, wherever it stands in a text. The last `@` before the path ends them. Bounded, so that it is linear. */
const credentials = /:\/\/[^\s/?#]{1,512}@/g;

/** Query parameters that hold secrets: the conventions' list, signatures of cloud storage, and names that say it themselves. */
const secretParameters =
  /([?&#]|^)(AWSAccessKeyId|Signature|sig|X-(?:Amz|Goog|Oss)-(?:Signature|Credential|Security-Token)|Key-Pair-Id|(?:access|auth|id|refresh|session|security)[_-]?token|token|client[_-]?secret|secret|api[_-]?key|password|passwd)=[^&#\s]*/gi;

/** The text without credentials of URLs. @internal */
export function redactCredentials(text: string): string {
  return text.includes('@') ? text.replace(credentials, '://REDACTED:REDACTED@') : text;
}

/** A query string (without its `?`), or a text with URLs, without the values of secret parameters. @internal */
export function redactQuery(text: string): string {
  return text.includes('=') ? text.replace(secretParameters, '$1$2=REDACTED') : text;
}

/** The text without what is secret in the URLs in it. @internal */
export function redactSecrets(text: string): string {
  return redactQuery(redactCredentials(text));
}
