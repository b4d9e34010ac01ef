// Records diag messages in tests.
import { diag, DiagLogLevel } from '@opentelemetry/api';

const none = (): void => undefined;

/** Records warnings and errors on `diag` from now on, as lines of text. */
export function collectDiag(): string[] {
  const lines: string[] = [];
  const add = (...parts: unknown[]): void => void lines.push(parts.map(String).join(' '));
  diag.setLogger(
    { error: add, warn: add, info: none, debug: none, verbose: none },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  return lines;
}
