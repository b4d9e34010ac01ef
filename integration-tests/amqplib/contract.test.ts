import { describe } from 'vitest';
import { describeWrapper } from '../../test-support/wrapper-contract/contract.ts';
import { amqplibSubject } from './contract-subject.ts';

describe.each(['promises', 'callbacks'] as const)('the contract of the wrappers: amqplib, %s', (api) => {
  describeWrapper(amqplibSubject(api), {
    sends: ['publish', 'sendToQueue', 'publish with confirm', 'publish and waitForConfirms'],
    receives: ['consume with ack', 'consume without ack', 'get with processMessage'],
    settles: ['ack', 'ack of all up to one', 'ackAll', 'nack', 'nackAll', 'reject'],
  });
});
