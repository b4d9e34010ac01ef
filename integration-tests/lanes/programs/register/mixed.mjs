// The application with one client that is imported, one that is required, and one that is imported later.
import { createRequire } from 'node:module';
import { connect } from 'amqplib';
import run from './application.cjs';

const { Redis } = createRequire(import.meta.url)('ioredis');
const { Kafka, logLevel } = await import('kafkajs');

console.log(`application: ${await run({ Kafka, logLevel, connect, Redis })}`);
