import { ROOT_CONTEXT } from '@opentelemetry/api';
import * as core from '@opentelemetry/core';
import { expect, test } from 'vitest';
import { isTracingSuppressed, suppressTracing } from './suppression.ts';

test("suppression works with the SDK's own functions in both directions", () => {
  expect(isTracingSuppressed(ROOT_CONTEXT)).toBe(false);
  expect(isTracingSuppressed(core.suppressTracing(ROOT_CONTEXT))).toBe(true);
  expect(core.isTracingSuppressed(suppressTracing(ROOT_CONTEXT))).toBe(true);
  expect(core.isTracingSuppressed(ROOT_CONTEXT)).toBe(false);
});
