// The short form of `npm run test:peers`: relays in JavaScript with both versions of OpenTelemetry's SDK, which need no other tools.
import { describe } from 'vitest';
import { cachedProject } from '../lanes/cached-project.ts';
import type { Language } from './peers.ts';
import { describeSurvival, type GivenRelay, useTracing } from './relayed-pipelines.ts';

useTracing();

/** Why the packages of SDK 3 are missing; undefined if they are there. */
function missingPackages(): string | undefined {
  try {
    cachedProject('sdk-3');
    return undefined;
  } catch (error) {
    const { CI = '' } = process.env;
    const message = `the packages of integration-tests/lanes/sdk-3 could not be installed: ${String(error)}`;
    if (CI !== '' && CI !== 'false')
      throw new Error(`In CI the peer with SDK 3 must not be skipped; ${message}`, { cause: error });
    console.warn(`The peer with SDK 3 is skipped: ${message}`);
    return message;
  }
}

const overRedis: readonly GivenRelay[] = [{ broker: 'redis', propagator: 'w3c', newTrace: false }];
const missing = missingPackages();
const peers: [Language, string | undefined][] = [
  ['JavaScript, SDK 2', undefined],
  ['JavaScript, SDK 3', missing],
];
describe.each(peers)('%s', (language, reason) => {
  describe.skipIf(reason !== undefined)('as a relay', () => {
    describeSurvival(language, overRedis);
  });
});
