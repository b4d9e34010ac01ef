// The lanes of NestJS: examples/nestjs, compiled as CommonJS for NestJS 11 and as ES modules for NestJS 12. @golevelup/nestjs-rabbitmq
// supports NestJS 11 only.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lane } from './lane.ts';
import { root } from './tarball.ts';

const folder = join(root, 'examples/nestjs');

const compile =
  'node node_modules/typescript/bin/tsc --module nodenext --target es2022 --experimentalDecorators --strict --skipLibCheck --types node';

interface Project {
  readonly version: string;
  readonly type: 'commonjs' | 'module';
  /** The packages of NestJS, with their major version. */
  readonly nest: readonly string[];
  readonly major: number;
  readonly packages: Readonly<Record<string, string>>;
  /** The source files without their extension; the first one is the program. */
  readonly sources: readonly string[];
}

function lane({ version, type, nest, major, packages, sources }: Project): Lane {
  const program = `nest/${sources[0]}.js`;
  return {
    row: 'frameworks',
    version,
    packages: {
      ...(Object.fromEntries(nest.map((name) => [`@nestjs/${name}`, `^${major}.0.0`])) as Record<string, string>),
      'amqp-connection-manager': '^5.0.0',
      'reflect-metadata': '^0.2.0',
      rxjs: '^7.0.0',
      typescript: '5.9.3',
      '@types/node': '^20.0.0',
      ...packages,
    },
    files: {
      'nest/package.json': JSON.stringify({ type }),
      ...Object.fromEntries(
        sources.map((name) => [`nest/${name}.ts`, readFileSync(join(folder, `${name}.ts`), 'utf8')]),
      ),
    },
    commands: [
      [...compile.split(' '), '--outDir', 'nest', ...sources.map((name) => `nest/${name}.ts`)],
      ['node', program],
      ['env', 'TRACED_BY=classes', 'node', '--import', './nest/classes.js', program],
      ['env', 'TRACED_BY=register', 'MQTRACE_SDK=off', 'node', '--import', 'mqtrace/register', program],
    ],
  };
}

const services = {
  nest: ['common', 'core', 'microservices', 'bullmq'],
  sources: ['main', 'checks', 'classes', 'names', 'orders', 'tracing'],
};

export const nestjs: readonly Lane[] = [
  lane({ ...services, version: 'NestJS 11', major: 11, type: 'commonjs', packages: { bullmq: '^5.0.0' } }),
  lane({ ...services, version: 'NestJS 12', major: 12, type: 'module', packages: { bullmq: '^6.0.0' } }),
  lane({
    version: '@golevelup/nestjs-rabbitmq 9',
    major: 11,
    type: 'commonjs',
    nest: ['common', 'core'],
    packages: { '@golevelup/nestjs-rabbitmq': '^9.0.0' },
    sources: ['golevelup', 'checks', 'classes', 'names'],
  }),
];
