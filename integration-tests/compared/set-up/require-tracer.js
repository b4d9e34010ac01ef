// Loads the packages of a compared tracer, which are in the folder of COMPARED_MODULES.
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** `require` of that folder. */
export const requireTracer = (name) => createRequire(join(process.env.COMPARED_MODULES, 'any.js'))(name);
