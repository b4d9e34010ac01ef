// Tells the class of an object by its name, so that classes of packages that are not loaded can be recognized.

/** The name of an object's class. @internal */
export function classOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return (value.constructor as { name?: string } | undefined)?.name;
}
