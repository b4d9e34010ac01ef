// Detects simple baggage that every W3C propagator reads and writes unchanged.

const memberLimit = 64;

const letter = 1;
const other = 2;
/** Characters that `encodeURIComponent` does not change; a key of simple baggage starts with a letter. */
const kinds = new Uint8Array(128);
for (const character of Array.from("0123456789-_.!~*'()")) kinds[character.charCodeAt(0)] = other;
for (let code = 0x41; code <= 0x5a; code++) kinds[code] = kinds[code | 0x20] = letter;

const comma = 0x2c;
const equals = 0x3d;

/** The seen keys, by their hash: keys with equal hashes count as repeated. */
const places = 4096;
const seen = new Uint32Array(places);
let generation = 0;

/**
 * Whether each member is a key and a value without spaces, properties or encoding, and no key is repeated. Keys start with a
 * letter, because objects order numbers first.
 */
export function isPlainBaggage(header: string): boolean {
  generation = (generation + 1) >>> 0;
  let at = 0;
  for (let members = 0; members < memberLimit; members++) {
    if (kinds[header.charCodeAt(at)] !== letter) return false;
    let hash = 0;
    let code = 0;
    for (; at < header.length; at++) {
      code = header.charCodeAt(at);
      if (code === equals) break;
      // Parentheses are not allowed in a key.
      if (code === 0x28 || code === 0x29 || !(kinds[code]! > 0)) return false;
      hash = (hash * 31 + code) | 0;
    }
    const place = (hash ^ (hash >>> 12)) & (places - 1);
    if (code !== equals || seen[place] === generation) return false;
    seen[place] = generation;
    const start = ++at;
    for (; at < header.length; at++) {
      code = header.charCodeAt(at);
      if (code === comma) break;
      if (!(kinds[code]! > 0)) return false;
    }
    if (at === start) return false;
    if (at >= header.length) return true;
    at++;
  }
  return false;
}
