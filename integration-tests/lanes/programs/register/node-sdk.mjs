// The application with NodeSDK, loaded by `import`.
import { context, trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { Redis } from 'ioredis';
import run from './node-sdk-application.cjs';

await run({ NodeSDK, context, trace, Redis });
