// The application with NodeSDK, loaded by `require`.
const { context, trace } = require('@opentelemetry/api');
const { NodeSDK } = require('@opentelemetry/sdk-node');
const { Redis } = require('ioredis');

void require('./node-sdk-application.cjs')({ NodeSDK, context, trace, Redis });
