// Compiles the options that select destinations, and errors that are not failures.
import { invalidOption } from '../common/errors.ts';
import { answered, reportFault } from '../common/faults.ts';
import { compilePatterns } from '../propagation/patterns.ts';
import type { TraceOptions } from './options.ts';
import { PerDestination } from './per-destination.ts';

/** Whether an option applies to a destination, given by its name. */
export type IsSelected = (destination: string) => boolean;

/** Whether an error is no failure of an operation. */
export type IsExpectedError = (error: unknown) => boolean;

/** An option of patterns, or a function that is called once per destination. @throws MqtraceError `INVALID_OPTION` */
export function selectedDestinations(
  where: string,
  name: 'ignoreDestinations' | 'newTrace',
  given: TraceOptions['ignoreDestinations'],
): IsSelected | undefined {
  if (given === undefined) return undefined;
  const option = `${where}({ ${name} })`;
  // A name is matched with the patterns only once, too.
  const ask = typeof given === 'function' ? given : compilePatterns(given, option)!;
  const prepare = (answer: boolean): boolean => {
    if (typeof answer !== 'boolean') throw invalidOption(option, answer, 'true or false');
    return answer;
  };
  const rules = new PerDestination<boolean, boolean>(name, ask, prepare, false);
  return (destination) => rules.for(destination);
}

/** The `isExpectedError` option; if it fails, the error is not expected. @throws MqtraceError `INVALID_OPTION` */
export function expectedErrors(where: string, given: TraceOptions['isExpectedError']): IsExpectedError | undefined {
  if (given === undefined) return undefined;
  if (typeof given !== 'function')
    throw invalidOption(`${where}({ isExpectedError })`, given, 'a function of the error');
  return (error) => {
    try {
      return answered<unknown>(given(error)) === true;
    } catch (fault) {
      reportFault('the isExpectedError option', fault);
      return false;
    }
  };
}
