// Module hooks in their own thread, as another package registers them: they pass everything on as it is.
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) register(import.meta.url);

export const load = (url, context, next) => next(url, context);
