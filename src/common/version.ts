// Defines the version of the package.
/** The package's version, for the instrumentation scope of its spans. A test compares it with package.json. */
export const version = '0.1.0';
