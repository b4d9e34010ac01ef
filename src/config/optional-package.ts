import { createRequire } from 'node:module';
import { SDK_INFO } from '@opentelemetry/core';
import type * as exporterBase from '@opentelemetry/otlp-exporter-base/node-http';
import type * as grpcBase from '@opentelemetry/otlp-grpc-exporter-base';
import type * as xray from '@opentelemetry/propagator-aws-xray';
import type * as b3 from '@opentelemetry/propagator-b3';
import type * as jaeger from '@opentelemetry/propagator-jaeger';
import { MqtraceError } from '../common/errors.ts';

// `import()` would make startTracing asynchronous, and spans made before it settles would be lost. `require` is synchronous,
// and every OpenTelemetry package, of the 2.x as of the 3.x line, can be required. It resolves from this very file, so that
// packages are found where mqtrace's other peers are, also under pnpm; in a bundle, from the bundle. One in CommonJS has no
// `import.meta.url`: there it is the program that was started.
const { url = process.argv[1] ?? `${process.cwd()}/` } = import.meta as { url?: string };
const require = createRequire(url);

/** Optional packages, and the version that belongs to the 2.x line of the SDK; with 3.x the newest is right. */
const versionsForSdk2 = {
  '@opentelemetry/otlp-exporter-base/node-http': '0.223',
  '@opentelemetry/otlp-grpc-exporter-base': '0.223',
  '@opentelemetry/propagator-b3': '2',
  '@opentelemetry/propagator-jaeger': '2',
  '@opentelemetry/propagator-aws-xray': '2',
} satisfies Record<keyof OptionalPackages, string>;

interface OptionalPackages {
  '@opentelemetry/otlp-exporter-base/node-http': typeof exporterBase;
  '@opentelemetry/otlp-grpc-exporter-base': typeof grpcBase;
  '@opentelemetry/propagator-b3': typeof b3;
  '@opentelemetry/propagator-jaeger': typeof jaeger;
  '@opentelemetry/propagator-aws-xray': typeof xray;
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
  try {
    return require(name) as OptionalPackages[Name];
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'MODULE_NOT_FOUND' && message.includes(`'${name}'`)) {
      throw new MqtraceError('MISSING_DEPENDENCY', `${wantedBy} needs ${packageOf(name)}: ${installCommand(name)}`, {
        cause,
      });
    }
    throw new MqtraceError(
      'MISSING_DEPENDENCY',
      `${wantedBy} needs ${packageOf(name)}, which fails to load: ${message}`,
      {
        cause,
      },
    );
  }
}

/** A subpath is imported, a package is installed. */
function packageOf(name: keyof OptionalPackages): string {
  return name.split('/', 2).join('/');
}

function installCommand(name: keyof OptionalPackages): string {
  const sdk2 = SDK_INFO['telemetry.sdk.version'].startsWith('2.');
  return `npm install ${packageOf(name)}${sdk2 ? `@${versionsForSdk2[name]}` : ''}`;
}
