// Passes the promise of a message handler to the channel's tracing, past a library that does not return it.

/** The last result that was noted. Handlers are called one after the other, and theirs is read right after the call. */
let noted: { readonly message: unknown; readonly result: unknown } | undefined;

/** Records the result of the application's handler for a message. */
export function noteResult(message: unknown, result: unknown): void {
  noted = { message, result };
}

/** The result of the application's handler, if the library's own handler returned nothing. */
export function resultOf(message: unknown, returned: unknown): unknown {
  if (noted === undefined) return returned;
  const { message: of, result } = noted;
  noted = undefined;
  return returned === undefined && of === message ? result : returned;
}
