// The User-Agent header of all requests.
import { version } from '../common/version.ts';

/** What requests say of who sends them. @internal */
export const userAgent: string = `mqtrace/${version}`;
