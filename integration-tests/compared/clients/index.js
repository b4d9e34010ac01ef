// The compared clients, in the order of docs/compared.md: how each is loaded, and what sends and receives with it.
import { amqpConnectionManagerClient } from './amqp-connection-manager.js';
import { amqplibClient } from './amqplib.js';
import { bullmqClient } from './bullmq.js';
import { cloudamqpClient } from './cloudamqp-amqp-client.js';
import { ioredisClient } from './ioredis.js';
import { kafkajsClient } from './kafkajs.js';
import { rabbitmqClientClient } from './rabbitmq-client.js';
import { rascalClient } from './rascal.js';

/** By the name of the package: the function that makes a client, and the lines by which an ES module imports `modules`. */
export const clients = {
  kafkajs: { make: kafkajsClient, imports: "import modules from 'kafkajs';" },
  amqplib: { make: amqplibClient, imports: "import * as modules from 'amqplib';" },
  ioredis: { make: ioredisClient, imports: "import * as modules from 'ioredis';" },
  bullmq: { make: bullmqClient, imports: "import * as modules from 'bullmq';" },
  'amqp-connection-manager': {
    make: amqpConnectionManagerClient,
    imports: "import * as modules from 'amqp-connection-manager';",
  },
  rascal: {
    make: rascalClient,
    load: (require) => ({
      rascal: require('rascal'),
      amqplib: require('amqplib/callback_api'),
      publication: require('rascal/lib/amqp/Publication'),
    }),
    imports: `import rascal from 'rascal';
import amqplib from 'amqplib/callback_api';
import publication from 'rascal/lib/amqp/Publication.js';
const modules = { rascal, amqplib, publication };`,
  },
  'rabbitmq-client': { make: rabbitmqClientClient, imports: "import * as modules from 'rabbitmq-client';" },
  '@cloudamqp/amqp-client': {
    make: cloudamqpClient,
    imports: "import * as modules from '@cloudamqp/amqp-client';",
    // It has no instrumentation: what an application does with it is compared.
    isAsked: ({ carry }) => carry !== undefined,
  },
};
