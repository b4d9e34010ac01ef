// Limits the number of runs of property tests in the unit suite.
import fc from 'fast-check';

// Otherwise fast-check might shrink a failing large input for hours, in a loop that no test timeout ends.
fc.configureGlobal({ interruptAfterTimeLimit: 45_000 });
