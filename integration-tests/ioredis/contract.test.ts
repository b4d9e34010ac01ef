import { describe } from 'vitest';
import { describeWrapper } from '../../test-support/wrapper-contract/contract.ts';
import { explicitly } from '../../test-support/wrapper-contract/ways.ts';
import { redisShapes, redisSubject } from './contract-subject.ts';

describe('the wrapper contract: ioredis', () => {
  describeWrapper(redisSubject(explicitly), redisShapes);
});
