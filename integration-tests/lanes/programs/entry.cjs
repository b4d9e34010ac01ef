const modules = {
  api: require('@opentelemetry/api'),
  mqtrace: require('mqtrace'),
  sdk: require('mqtrace/sdk'),
  metrics: require('mqtrace/metrics').mqtraceMetrics(),
  kafkajs: require('kafkajs'),
  amqplib: require('amqplib'),
  ioredis: require('ioredis'),
  wrappers: { ...require('mqtrace/kafkajs'), ...require('mqtrace/amqplib'), ...require('mqtrace/ioredis') },
};
const pipelines = require('./pipeline.cjs');

module.exports = (other) => pipelines({ ...modules, ...other });
