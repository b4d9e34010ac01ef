import { describe } from 'vitest';
import { describeWrapper } from '../../test-support/wrapper-contract/contract.ts';
import { redisSubject } from './contract-subject.ts';

describe('the wrapper contract: ioredis', () => {
  describeWrapper(redisSubject, {
    sends: ['xadd', 'pipeline', 'multi'],
    receives: ['xreadgroup with processMessage and xack', 'consumeStream'],
    settles: ['xack', 'xack in a pipeline', 'xack in a transaction'],
  });
});
