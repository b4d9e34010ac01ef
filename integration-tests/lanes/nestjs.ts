// The lanes of NestJS: examples/nestjs, compiled as CommonJS for NestJS 11 and as ES modules for NestJS 12.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lane } from './lane.ts';
import { root } from './tarball.ts';

const folder = join(root, 'examples/nestjs');
const sources = readdirSync(folder).filter((name) => name.endsWith('.ts'));

const compile =
  'node node_modules/typescript/bin/tsc --module nodenext --target es2022 --experimentalDecorators --strict --skipLibCheck --types node';

function lane(major: number, type: 'commonjs' | 'module', packages: Readonly<Record<string, string>>): Lane {
  const nest = ['common', 'core', 'microservices', 'bullmq'].map((name) => [`@nestjs/${name}`, `^${major}.0.0`]);
  return {
    row: 'frameworks',
    version: `NestJS ${major}`,
    packages: {
      ...(Object.fromEntries(nest) as Record<string, string>),
      'amqp-connection-manager': '^5.0.0',
      'reflect-metadata': '^0.2.0',
      rxjs: '^7.0.0',
      typescript: '5.9.3',
      '@types/node': '^20.0.0',
      ...packages,
    },
    files: {
      'nest/package.json': JSON.stringify({ type }),
      ...Object.fromEntries(sources.map((name) => [`nest/${name}`, readFileSync(join(folder, name), 'utf8')])),
    },
    commands: [
      [...compile.split(' '), '--outDir', 'nest', ...sources.map((name) => `nest/${name}`)],
      ['node', 'nest/main.js'],
      ['env', 'TRACED_BY=classes', 'node', '--import', './nest/classes.js', 'nest/main.js'],
      ['env', 'TRACED_BY=register', 'MQTRACE_SDK=off', 'node', '--import', 'mqtrace/register', 'nest/main.js'],
    ],
  };
}

export const nestjs: readonly Lane[] = [
  lane(11, 'commonjs', { bullmq: '^5.0.0' }),
  lane(12, 'module', { bullmq: '^6.0.0' }),
];
