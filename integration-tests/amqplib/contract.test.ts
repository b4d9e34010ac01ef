import { describe } from 'vitest';
import { describeWrapper } from '../../test-support/wrapper-contract/contract.ts';
import { explicitly } from '../../test-support/wrapper-contract/ways.ts';
import { amqplibShapes, amqplibSubject } from './contract-subject.ts';

describe.each(['promises', 'callbacks'] as const)('the wrapper contract: amqplib, %s', (api) => {
  describeWrapper(amqplibSubject(api, explicitly), amqplibShapes);
});
