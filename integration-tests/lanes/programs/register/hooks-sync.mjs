// Synchronous module hooks, as another package registers them: they pass everything on as it is.
import { registerHooks } from 'node:module';

registerHooks({ load: (url, context, next) => next(url, context) });
