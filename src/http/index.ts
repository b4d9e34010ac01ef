// Traces the HTTP ends of a pipeline: a request handler that extracts context, a fetch that injects it.
export { type TraceHandlerOptions } from './handler-options.ts';
export { type TraceHttpOptions } from './options.ts';
export { traceFetch } from './trace-fetch.ts';
export { traceHandler } from './trace-handler.ts';
