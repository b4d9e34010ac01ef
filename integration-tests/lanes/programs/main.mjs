import * as api from '@opentelemetry/api';
import amqplib from 'amqplib';
import ioredis from 'ioredis';
import kafkajs from 'kafkajs';
import * as mqtrace from 'mqtrace';
import { traceConnection } from 'mqtrace/amqplib';
import { consumeStream, traceRedis } from 'mqtrace/ioredis';
import { traceKafka } from 'mqtrace/kafkajs';
import { mqtraceMetrics } from 'mqtrace/metrics';
import * as sdk from 'mqtrace/sdk';
import pipelines from './pipeline.cjs';

const metrics = mqtraceMetrics();
const wrappers = { traceKafka, traceConnection, traceRedis, consumeStream };
pipelines({ api, mqtrace, sdk, metrics, kafkajs, amqplib, ioredis, wrappers }).then(
  (result) => console.log(result),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
