// Remembers what was made for an object, such as the options that many clients share.

/** A function that calls `make` once for each object, and keeps the result as long as the object exists. */
export function onceForEach<Key extends object, Value extends object>(make: (key: Key) => Value): (key: Key) => Value {
  const made = new WeakMap<Key, Value>();
  return (key) => {
    const known = made.get(key) ?? make(key);
    made.set(key, known);
    return known;
  };
}
