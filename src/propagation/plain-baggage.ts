// Tells baggage that any W3C propagator reads and writes as it came.

const memberLimit = 64;

const letter = 1;
const other = 2;
/** Characters that `encodeURIComponent` leaves as they are; those with which a key of plain baggage begins are letters. */
const kinds = new Uint8Array(128);
for (const character of Array.from("0123456789-_.!~*'()")) kinds[character.charCodeAt(0)] = other;
for (let code = 0x41; code <= 0x5a; code++) kinds[code] = kinds[code | 0x20] = letter;

const comma = 0x2c;
const equals = 0x3d;

/** Which keys were seen, by a hash of theirs: two keys in one place are taken for a repeat. */
const places = 4096;
const seen = new Uint32Array(places);
let generation = 0;

/**
 * Whether each member is a key and a value without spaces, properties or encoding, and no key may stand twice. Keys begin with a
 * letter, because objects put numbers first.
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
      // Parentheses are no characters of a key.
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
