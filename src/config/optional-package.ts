// Loads the OpenTelemetry packages that only some options need.
import { context } from '@opentelemetry/api';
import type * as xray from '@opentelemetry/propagator-aws-xray';
import type * as b3 from '@opentelemetry/propagator-b3';
import type * as jaeger from '@opentelemetry/propagator-jaeger';
import type * as sdkTrace from '@opentelemetry/sdk-trace';
import { MqtraceError } from '../common/errors.ts';

/** Optional packages, with the version that works with API 1.9; API 1.10 works with the newest. */
const versionsForApi9 = {
  '@opentelemetry/sdk-trace': '2',
  '@opentelemetry/propagator-b3': '2',
  '@opentelemetry/propagator-jaeger': '2',
  '@opentelemetry/propagator-aws-xray': '2',
} satisfies Record<keyof OptionalPackages, string>;

/** The README's command that installs everything startTracing needs. @internal */
export const installLine = 'npm install mqtrace @opentelemetry/api@~1.9 @opentelemetry/sdk-trace@2';

interface OptionalPackages {
  '@opentelemetry/sdk-trace': typeof sdkTrace;
  '@opentelemetry/propagator-b3': typeof b3;
  '@opentelemetry/propagator-jaeger': typeof jaeger;
  '@opentelemetry/propagator-aws-xray': typeof xray;
}

// `import()` would make startTracing asynchronous, and spans made before it settles would be lost; `require` is synchronous, and
// the published build is CommonJS. Each call names its package inside its own `try`, so that a bundler includes the packages that
// are installed and does not fail for the others.
const loaders: { readonly [Name in keyof OptionalPackages]: () => OptionalPackages[Name] | Failure } = {
  '@opentelemetry/sdk-trace': () => {
    try {
      return require('@opentelemetry/sdk-trace') as typeof sdkTrace;
    } catch (error) {
      return new Failure(error);
    }
  },
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
 * @param wantedBy - what needs the package, for the error message.
 * @throws MqtraceError `MISSING_DEPENDENCY` with the command that installs it.
 * @internal
 */
export function loadOptional<Name extends keyof OptionalPackages>(
  name: Name,
  wantedBy: string,
): OptionalPackages[Name] {
  const loaded = loaders[name]();
  if (!(loaded instanceof Failure)) return loaded;
  throw new MqtraceError('MISSING_DEPENDENCY', `${wantedBy} needs ${problem(name, loaded)}`, { cause: loaded.cause });
}

/** Why a package cannot be loaded, with the command that installs it; undefined if it can. @internal */
export function loadingProblem(name: keyof OptionalPackages): string | undefined {
  const loaded = loaders[name]();
  return loaded instanceof Failure ? problem(name, loaded) : undefined;
}

function problem(name: keyof OptionalPackages, { cause }: Failure): string {
  const missing = cause.code === 'MODULE_NOT_FOUND' && cause.message.includes(`'${name}'`);
  return `${name}${missing ? `: ${installCommand(name)}` : `, which fails to load: ${cause.message}`}`;
}

function installCommand(name: keyof OptionalPackages): string {
  // `attach` was added in API 1.10.
  const isApi9 = !('attach' in context);
  if (name === '@opentelemetry/sdk-trace' && isApi9) return installLine;
  return `npm install ${name}${isApi9 ? `@${versionsForApi9[name]}` : ''}`;
}
