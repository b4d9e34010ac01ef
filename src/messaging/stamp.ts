// Attaches values to objects of the application without observable changes.
/** A value that is attached to an object of another library. */
export interface Stamp<Value> {
  get(object: object): Value | undefined;
  set(object: object, value: Value): void;
}

/** Its constructor returns the given object, so that the fields of a derived class are added to that object. */
// oxlint-disable-next-line typescript/no-extraneous-class -- only the constructor is used
class Returning {
  constructor(object: object) {
    // oxlint-disable-next-line no-constructor-return -- the purpose of the class
    return object;
  }
}

/**
 * Attaches one value to each object, in a private field. It is not observable by keys, copies, `util.inspect` or `structuredClone`,
 * and works with frozen objects. A `WeakMap` entry for each message would cost more garbage collection than all other tracing; it
 * is used only for objects to which no field can be added.
 */
export function createStamp<Value>(): Stamp<Value> {
  let unstamped: WeakMap<object, Value> | undefined;

  class Stamped extends Returning {
    #value: Value;

    constructor(object: object, value: Value) {
      super(object);
      this.#value = value;
    }

    static get(object: object): Value | undefined {
      return #value in object ? object.#value : unstamped?.get(object);
    }

    static set(object: object, value: Value): void {
      if (#value in object) {
        object.#value = value;
        return;
      }
      try {
        // oxlint-disable-next-line no-new -- adds the field
        new Stamped(object, value);
      } catch {
        unstamped ??= new WeakMap();
        unstamped.set(object, value);
      }
    }
  }
  return Stamped;
}
