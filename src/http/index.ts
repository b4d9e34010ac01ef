// The two ends of a pipeline: a request handler that extracts, a fetch that injects.
export { type TraceHttpOptions } from './options.ts';
export { traceFetch } from './trace-fetch.ts';
export { traceHandler, type TraceHandlerOptions } from './trace-handler.ts';
