// Assigns colours to names.
const hues = 8;

/** A colour number for each name, by their order, so that neighbours differ. */
export function huesOf(names: Iterable<string>): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const name of names) if (name !== '' && !found.has(name)) found.set(name, found.size % hues);
  return found;
}
