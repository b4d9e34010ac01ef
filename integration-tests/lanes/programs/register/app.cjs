const { connect } = require('amqplib');
const { Redis } = require('ioredis');
const { Kafka, logLevel } = require('kafkajs');

void require('./application.cjs')({ Kafka, logLevel, connect, Redis }).then((fields) =>
  console.log(`application: ${fields}`),
);
