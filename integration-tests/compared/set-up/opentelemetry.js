// Sets up OpenTelemetry's instrumentations of the development dependencies, the newest for all supported versions of Node.js.
import { createRequire } from 'node:module';
import * as api from '@opentelemetry/api';
import { instrumentations } from './instrumentations.js';
import { readMetrics } from './metrics.js';

const require = createRequire(import.meta.url);
const { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-node');
const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();

globalThis.compared = instrumentations({ requireTracer: require, api, exporter, provider, ...readMetrics([]) });
