// The User-Agent header of all requests.
import { version } from '../common/version.ts';

/** Identifies the sender of requests. @internal */
export const userAgent: string = `mqtrace/${version}`;
