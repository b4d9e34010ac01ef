// Creates the resource: the attributes that all spans of this process share.
import { randomUUID } from 'node:crypto';
import { arch, hostname, platform } from 'node:os';
import { basename } from 'node:path';
import { type Attributes, ROOT_CONTEXT } from '@opentelemetry/api';
import type { ReadableSpan, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Environment } from '../config/environment.ts';
import type { StartTracingOptions } from './options.ts';

type Resource = ReadableSpan['resource'];

/**
 * The attributes that every span of this process shares, except `telemetry.sdk.*`. All are known synchronously: an asynchronous
 * detector (host id, cloud metadata) would delay the first export.
 *
 * https://opentelemetry.io/docs/specs/semconv/resource/
 * @internal
 */
export function resourceAttributes(options: StartTracingOptions, environment: Environment): Attributes {
  const option = { ...options.resourceAttributes, ...namedAttributes(options) };
  return { ...detected(), ...environment.merge(option, variables(environment)) };
}

/**
 * A resource of the SDK with these attributes and the SDK's `telemetry.sdk.*`. The package that creates resources is not a
 * dependency: a span of a provider without options has the SDK's default resource, which can be merged.
 *
 * @internal
 */
export function createResource(Provider: typeof TracerProvider, attributes: Attributes): Resource {
  const span = new Provider().getTracer('mqtrace').startSpan('resource', {}, ROOT_CONTEXT);
  const { resource } = span as unknown as ReadableSpan;
  const own: Resource = {
    attributes,
    getRawAttributes: () => Object.entries(attributes),
    merge: (other) => (other === null ? own : resource.merge(own).merge(other)),
  };
  return resource.merge(own);
}

function namedAttributes(options: StartTracingOptions): Attributes {
  const { serviceName, serviceVersion, deploymentEnvironment } = options;
  return {
    ...(serviceName !== undefined && { 'service.name': serviceName }),
    ...(serviceVersion !== undefined && { 'service.version': serviceVersion }),
    ...(deploymentEnvironment !== undefined && { 'deployment.environment.name': deploymentEnvironment }),
  };
}

/** Command line and owner are omitted, because they may contain secrets. */
function detected(): Attributes {
  return {
    'service.name': 'unknown_service:node',
    'service.instance.id': randomUUID(),
    'host.name': hostname(),
    'host.arch': hostArch(),
    'os.type': osType(),
    'process.pid': process.pid,
    'process.executable.name': basename(process.execPath),
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
  };
}

function hostArch(): string {
  const names: Record<string, string> = { x64: 'amd64', arm: 'arm32', ppc: 'ppc32', ia32: 'x86' };
  return names[arch()] ?? arch();
}

function osType(): string {
  const names: Record<string, string> = { win32: 'windows', sunos: 'solaris' };
  return names[platform()] ?? platform();
}

function variables(environment: Environment): Attributes {
  const serviceName = environment.text('OTEL_SERVICE_NAME');
  return { ...resourceVariable(environment), ...(serviceName !== undefined && { 'service.name': serviceName }) };
}

/**
 * `key=value,key=value`, percent-encoded. One invalid entry discards the whole variable, as the specification requires: a partial
 * resource would look like a complete one.
 *
 * https://opentelemetry.io/docs/specs/otel/resource/sdk/#specifying-resource-information-via-an-environment-variable
 */
function resourceVariable(environment: Environment): Attributes {
  const name = 'OTEL_RESOURCE_ATTRIBUTES';
  const attributes: Attributes = {};
  try {
    for (const entry of environment.text(name)?.split(',') ?? []) {
      if (entry.trim() === '') continue;
      const at = entry.indexOf('=');
      const key = decodeURIComponent(entry.slice(0, Math.max(at, 0)).trim());
      if (key === '') throw new SyntaxError('no key');
      attributes[key] = decodeURIComponent(entry.slice(at + 1).trim());
    }
    return attributes;
  } catch {
    environment.reject(name, 'key=value pairs, separated by commas, percent-encoded');
    return {};
  }
}
