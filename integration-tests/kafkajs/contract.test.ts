import { describe } from 'vitest';
import { describeWrapper } from '../../test-support/wrapper-contract/contract.ts';
import { kafkaSubject } from './contract-subject.ts';

describe('the contract of the wrappers: kafkajs', () => {
  describeWrapper(kafkaSubject, {
    sends: ['send of one', 'send of several', 'sendBatch', 'send within a transaction'],
    receives: ['eachMessage', 'eachMessage with commitOffsets', 'eachBatch with processMessage'],
    settles: ['commitOffsets', 'sendOffsets and commit'],
  });
});
