// The lanes of `mqtrace/register`: on each line of Node.js, with the oldest clients, and beside the application's own SDK.
import type { Lane } from './lane.ts';

/** An unchanged application with `mqtrace/register`, in every way to load it, and beside module hooks of other packages. */
const registered = (node: string, ...checks: (readonly string[])[]): Lane => ({
  row: 'mqtrace/register on Node.js',
  version: node,
  node,
  packages: { tsx: '^4.23.0', 'amqp-connection-manager': '^5.0.0' },
  commands: [...loads, ...checks].map((args) => ['node', 'register/check.cjs'].concat(args)),
});
const preload = ['--import', 'mqtrace/register'];
const nodeSdk = (version: string, packages: Readonly<Record<string, string>>): Lane => ({
  row: 'mqtrace/register and NodeSDK',
  version,
  packages,
  commands: [
    ['node', ...preload, 'register/node-sdk.cjs'],
    ['node', ...preload, 'register/node-sdk.mjs'],
  ],
});
const [appCjs, appMjs, appMts] = ['register/app.cjs', 'register/app.mjs', 'register/app.mts'];
/** The ES module build of amqp-connection-manager. */
const waiting = ['--publishes=6', ...preload, 'register/connection-manager.mjs'];
const loads = [
  waiting,
  [...preload, appCjs],
  [...preload, appMjs],
  ['--require', 'mqtrace/register', appCjs],
  [...preload, 'register/worker.cjs'],
  [...preload, 'register/fork.cjs'],
  ['--import', 'tsx', ...preload, appMts],
  [...preload, '--import', 'tsx', appMts],
];
/** Beside hooks of one kind, preloaded before and after. */
const beside = (kind: 'passing' | 'sync' | 'giving', ...flags: readonly string[]): (readonly string[])[] =>
  [appCjs, appMjs].flatMap((app) => [
    [...flags, '--import', `./register/hooks-${kind}.mjs`, ...preload, app],
    [...flags, ...preload, '--import', `./register/hooks-${kind}.mjs`, app],
  ]);

/** @param clients - versions of each client, oldest first. */
export const registerLanes = (
  clients: Readonly<Record<'kafkajs' | 'amqplib' | 'ioredis', readonly string[]>>,
): Lane[] => [
  // The lines of the table in docs/register.md: 22.11 has no synchronous hooks; up to 22.22.2 and 24.11.0 they have files loaded past
  // the CommonJS loader.
  ...['20.x', '22.11.0'].map((node) => registered(node, ...beside('passing'), ...beside('giving'))),
  ...['22.15.0', '22.22.2', '24.0.0', '24.11.0'].map((node) =>
    registered(node, ...beside('passing'), ...beside('sync'), ...beside('giving', '--or-said')),
  ),
  ...['22.22.3', '22.x', '24.11.1', '24.x', '25.x', '26.x'].map((node) =>
    registered(node, ...beside('passing'), ...beside('sync'), ...beside('giving')),
  ),
  ...[0, 1].map((at): Lane => {
    const [kafkajs, amqplib, ioredis] = [clients.kafkajs, clients.amqplib, clients.ioredis].map((of) => of[at]!);
    return {
      row: 'mqtrace/register with clients',
      version: `kafkajs ${kafkajs} / amqplib ${amqplib} / ioredis ${ioredis}`,
      packages: { kafkajs: kafkajs!, amqplib: amqplib!, ioredis: ioredis! },
      commands: [['node', 'register/check.cjs', ...preload, appMjs]],
    };
  }),
  nodeSdk('SDK 2', { '@opentelemetry/sdk-node': '^0.223.0' }),
  nodeSdk('SDK 3', {
    '@opentelemetry/api': '~1.10.0',
    '@opentelemetry/sdk-trace': '^3.0.0',
    '@opentelemetry/sdk-node': '^0.301.0',
  }),
];
