/** A value that is kept with an object of someone else's. */
export interface Stamp<Value> {
  get(object: object): Value | undefined;
  set(object: object, value: Value): void;
}

/** Its constructor returns the object given, so that the fields of a derived class are added to that object. */
// oxlint-disable-next-line typescript/no-extraneous-class -- a constructor is all it is for
class Returning {
  constructor(object: object) {
    // oxlint-disable-next-line no-constructor-return -- this is what the class is for
    return object;
  }
}

/**
 * A place for one value on each object, in a private field. Nothing can observe it: not keys, copies, `util.inspect` or
 * `structuredClone`; frozen objects take it as well. An entry in a `WeakMap` for each message would cost the garbage collector more
 * than the rest of tracing together; it is used only for objects to which no field can be added.
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
