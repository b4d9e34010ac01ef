// Removes secrets from text that is put on spans: URLs, and error messages that contain URLs.

/**
 * User name and password of a URL, anywhere in a text. They end at the last `@` before the path. Bounded, so that matching is
 * linear.
 */
const credentials = /:\/\/[^\s/?#]{1,512}@/g;

/**
 * Query parameters that hold secrets: the conventions' list, signatures of cloud storage, and names such as `token` and `password`.
 */
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

/** The text without the secrets in its URLs. @internal */
export function redactSecrets(text: string): string {
  return redactQuery(redactCredentials(text));
}
