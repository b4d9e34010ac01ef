// Limits the number of runs of property tests in the unit suite.
import fc from 'fast-check';

// A property that fails on a large input would otherwise be made smaller for hours, in a loop that no test timeout ends.
fc.configureGlobal({ interruptAfterTimeLimit: 45_000 });
