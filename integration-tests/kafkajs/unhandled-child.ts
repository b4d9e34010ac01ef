// Ignores what a producer and a consumer reject, and prints which rejections the process was left with.
import { Kafka, logLevel } from 'kafkajs';
import { traceKafka } from '../../src/kafkajs/index.ts';

const raw = new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING });
const kafka = process.argv[2] === 'traced' ? traceKafka(raw) : raw;
const producer = kafka.producer({ transactionalId: 'tx', retry: { retries: 0 } });
const rejections: string[] = [];
process.on('unhandledRejection', (reason) => rejections.push(String(reason)));
process.on('exit', () => process.stdout.write(JSON.stringify(rejections)));

void producer.send({ topic: 't', messages: [{ value: '1' }] });
void producer.send({ topic: 't', messages: [{ value: '1' }, { value: '2' }] });
void producer.sendBatch({ topicMessages: [{ topic: 't' }] as never });
void kafka.producer().transaction();
void kafka.consumer({ groupId: 'g' }).commitOffsets([{ topic: 't', partition: 0, offset: '1' }]);
producer.send({ topic: 't', messages: [{ value: '1' }] }).catch(() => undefined);
