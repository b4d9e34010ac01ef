// Replaces modules that the SDK of MCP imports. Its JSON Schema validator is omitted: the SDK uses it only for tools
// that describe their output or ask the client for input, which these do not.
export { default as process } from 'node:process';

export class DefaultJsonSchemaValidator {
  getValidator() {
    throw new Error('no validator of JSON Schema is compiled in');
  }
}
