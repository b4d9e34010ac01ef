import { connect } from 'amqplib';
import Redis from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import run from './application.cjs';

console.log(`application: ${await run({ Kafka, logLevel, connect, Redis })}`);
