export { errorCodes, MqtraceError, type MqtraceErrorCode } from './errors.ts';
