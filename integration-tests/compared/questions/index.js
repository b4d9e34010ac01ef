// The questions that are about one client only.
import { amqplibQuestions } from './amqplib.js';
import { ioredisQuestions } from './ioredis.js';
import { kafkajsQuestions } from './kafkajs.js';

export const ownQuestions = { kafkajs: kafkajsQuestions, amqplib: amqplibQuestions, ioredis: ioredisQuestions };
