// Stands for what the protocol's SDK needs of Node.js. Its validator of JSON Schema is left out: no tool here describes its output or
// asks its client for input, which is all that the SDK validates with it.
export { default as process } from 'node:process';

export class DefaultJsonSchemaValidator {
  getValidator() {
    throw new Error('no validator of JSON Schema is compiled in');
  }
}
