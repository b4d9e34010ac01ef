// The lanes of frameworks and libraries whose documentation contains a whole program: it runs with the packed package.
import { examples } from '../../test-support/examples.ts';
import type { Lane } from './lane.ts';
import { root } from './tarball.ts';

/** The documented program that contains this text. */
function program(page: string, text: string, port: number): string {
  const found = examples(root).find(({ name, code }) => name.startsWith(`${page}:`) && code.includes(text));
  if (found === undefined) throw new Error(`${page} has no example that contains "${text}"`);
  const code = found.code
    .replaceAll("'amqp://localhost'", 'process.env.AMQP_URL')
    .replaceAll(
      "{ host: 'localhost', port: 6379 }",
      '{ host: new URL(process.env.REDIS_URL).hostname, port: Number(new URL(process.env.REDIS_URL).port) }',
    )
    .replaceAll("'orders'", text === 'traceRascal' ? "'orders'" : 'process.env.QUEUE')
    .replaceAll('8080', String(port));
  return `${code}\nconsole.log('ok');\n`;
}

const libraries: readonly [version: string, packages: Readonly<Record<string, string>>, page: string, text: string][] =
  [
    ['Express 4', { express: '^4.22.0' }, 'docs/use-with.md', 'express()'],
    ['Express 5', { express: '^5.3.0' }, 'docs/use-with.md', 'express()'],
    ['Fastify 5', { fastify: '^5.12.0' }, 'docs/use-with.md', 'fastify()'],
    ['Koa 3', { koa: '^3.3.0', '@koa/router': '^15.7.0' }, 'docs/use-with.md', 'new Koa()'],
    ['Hono 4', { hono: '^4.13.0', '@hono/node-server': '^2.1.0' }, 'docs/use-with.md', 'new Hono()'],
    ['BullMQ 5', { bullmq: '^5.81.0' }, 'docs/bullmq.md', 'bullmqTelemetry'],
    ['BullMQ 6', { bullmq: '^6.7.0' }, 'docs/bullmq.md', 'bullmqTelemetry'],
    ...['4.0.0', '4.1.15', '5.0.0'].map((version): (typeof libraries)[number] => [
      `amqp-connection-manager ${version}`,
      { 'amqp-connection-manager': version },
      'docs/amqp-connection-manager.md',
      'traceConnectionManager',
    ]),
    ['rascal 21', { rascal: '^21.0.0' }, 'docs/rabbitmq-libraries.md', 'traceRascal'],
    ['rabbitmq-client 5', { 'rabbitmq-client': '^5.0.0' }, 'docs/rabbitmq-libraries.md', 'traceRabbitClient'],
    ['@cloudamqp/amqp-client 4', { '@cloudamqp/amqp-client': '^4.1.0' }, 'docs/rabbitmq-libraries.md', 'AMQPClient'],
  ];

export const documented: readonly Lane[] = libraries.map(([version, packages, page, text], index): Lane => ({
  row: 'frameworks',
  version,
  packages,
  files: { 'documented.mjs': program(page, text, 18_080 + index) },
  commands: [['env', 'OTEL_TRACES_EXPORTER=none', 'node', 'documented.mjs']],
}));
