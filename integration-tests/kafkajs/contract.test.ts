import { describe } from 'vitest';
import { describeWrapper } from '../../test-support/wrapper-contract/contract.ts';
import { explicitly } from '../../test-support/wrapper-contract/ways.ts';
import { kafkaShapes, kafkaSubject } from './contract-subject.ts';

describe('the wrapper contract: kafkajs', () => {
  describeWrapper(kafkaSubject(explicitly), kafkaShapes);
});
