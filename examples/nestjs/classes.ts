// Traces the clients by instrumentation classes: node --import ./classes.js main.js
import { AmqplibInstrumentation, KafkaJsInstrumentation } from 'mqtrace/instrumentation';

for (const instrumentation of [new KafkaJsInstrumentation(), new AmqplibInstrumentation()]) instrumentation.enable();
