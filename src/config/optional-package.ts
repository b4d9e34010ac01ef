// Loads the OpenTelemetry packages that only some options need.
import { SDK_INFO } from '@opentelemetry/core';
import type * as xray from '@opentelemetry/propagator-aws-xray';
import type * as b3 from '@opentelemetry/propagator-b3';
import type * as jaeger from '@opentelemetry/propagator-jaeger';
import { MqtraceError } from '../common/errors.ts';

/** Optional packages, and the version that belongs to the 2.x line of the SDK; with 3.x the newest is right. */
const versionsForSdk2 = {
  '@opentelemetry/propagator-b3': '2',
  '@opentelemetry/propagator-jaeger': '2',
  '@opentelemetry/propagator-aws-xray': '2',
} satisfies Record<keyof OptionalPackages, string>;

interface OptionalPackages {
  '@opentelemetry/propagator-b3': typeof b3;
  '@opentelemetry/propagator-jaeger': typeof jaeger;
  '@opentelemetry/propagator-aws-xray': typeof xray;
}

// `import()` would make startTracing asynchronous, and spans made before it settles would be lost; `require` is synchronous, and
// the published build is CommonJS. Each call names its package and stands in a `try` of its own: a bundler then includes what
// is installed and does not fail for what is not.
const loaders: { readonly [Name in keyof OptionalPackages]: () => OptionalPackages[Name] | Failure } = {
  '@opentelemetry/propagator-b3': () => {
    try {
      return require('@opentelemetry/propagator-b3') as typeof b3;
    } catch (error) {
      return new Failure(error);
    }
  },
  '@opentelemetry/propagator-jaeger': () => {
    try {
      return require('@opentelemetry/propagator-jaeger') as typeof jaeger;
    } catch (error) {
      return new Failure(error);
    }
  },
  '@opentelemetry/propagator-aws-xray': () => {
    try {
      return require('@opentelemetry/propagator-aws-xray') as typeof xray;
    } catch (error) {
      return new Failure(error);
    }
  },
};

class Failure {
  readonly cause: NodeJS.ErrnoException;
  constructor(cause: unknown) {
    this.cause = cause as NodeJS.ErrnoException;
  }
}

/**
 * Loads a package that only some options need.
 *
 * @param wantedBy - what asked for it, for the message of the error.
 * @throws MqtraceError `MISSING_DEPENDENCY` with the command that installs it.
 * @internal
 */
export function loadOptional<Name extends keyof OptionalPackages>(
  name: Name,
  wantedBy: string,
): OptionalPackages[Name] {
  const loaded = loaders[name]();
  if (!(loaded instanceof Failure)) return loaded;
  const { cause } = loaded;
  const missing = cause.code === 'MODULE_NOT_FOUND' && cause.message.includes(`'${name}'`);
  const problem = missing ? `: ${installCommand(name)}` : `, which fails to load: ${cause.message}`;
  throw new MqtraceError('MISSING_DEPENDENCY', `${wantedBy} needs ${packageOf(name)}${problem}`, { cause });
}

/** A subpath is imported, a package is installed. */
function packageOf(name: keyof OptionalPackages): string {
  return name.split('/', 2).join('/');
}

function installCommand(name: keyof OptionalPackages): string {
  const sdk2 = SDK_INFO['telemetry.sdk.version'].startsWith('2.');
  return `npm install ${packageOf(name)}${sdk2 ? `@${versionsForSdk2[name]}` : ''}`;
}
