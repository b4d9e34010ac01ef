// Rewrites a screenshot as a PNG with a palette, which is a third of its size.
import { crc32, deflateSync, inflateSync } from 'node:zlib';

const signature = Buffer.from('89504e470d0a1a0a', 'hex');

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

function chunksOf(png: Buffer): Map<string, Buffer> {
  const chunks = new Map<string, Buffer>();
  for (let at = signature.length; at < png.length;) {
    const length = png.readUInt32BE(at);
    const type = png.toString('latin1', at + 4, at + 8);
    const data = png.subarray(at + 8, at + 8 + length);
    chunks.set(type, Buffer.concat([chunks.get(type) ?? Buffer.alloc(0), data]));
    at += length + 12;
  }
  return chunks;
}

function paeth(left: number, up: number, corner: number): number {
  const near = left + up - corner;
  const [a, b, c] = [Math.abs(near - left), Math.abs(near - up), Math.abs(near - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

/** The bytes of all pixels, row by row, without the filters of the PNG specification, section 9. */
function pixelsOf(data: Buffer, rowBytes: number, height: number, pixelBytes: number): Buffer {
  const pixels = Buffer.alloc(rowBytes * height);
  for (let y = 0; y < height; y++) {
    const filter = data[y * (rowBytes + 1)]!;
    for (let x = 0; x < rowBytes; x++) {
      const at = y * rowBytes + x;
      const left = x < pixelBytes ? 0 : pixels[at - pixelBytes]!;
      const up = y === 0 ? 0 : pixels[at - rowBytes]!;
      const corner = x < pixelBytes || y === 0 ? 0 : pixels[at - rowBytes - pixelBytes]!;
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter]!;
      pixels[at] = data[y * (rowBytes + 1) + 1 + x]! + guess;
    }
  }
  return pixels;
}

/** The same picture in the 16 levels of each colour that matter, and at most 256 colours: the most frequent ones. */
export function palettePng(png: Buffer): Buffer {
  const chunks = chunksOf(png);
  const head = chunks.get('IHDR')!;
  const [width, height, depth, type] = [head.readUInt32BE(0), head.readUInt32BE(4), head[8], head[9]];
  if (depth !== 8 || (type !== 2 && type !== 6)) throw new Error(`expected 8 bits of RGB or RGBA, got type ${type}`);
  const size = type === 2 ? 3 : 4;
  const pixels = pixelsOf(inflateSync(chunks.get('IDAT')!), width * size, height, size);
  const colours = new Uint32Array(width * height);
  const counts = new Map<number, number>();
  for (let at = 0; at < colours.length; at++) {
    const [red, green, blue] = [0, 1, 2].map((part) => Math.round(pixels[at * size + part]! / 17) * 17);
    const colour = (red! << 16) | (green! << 8) | blue!;
    colours[at] = colour;
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const palette = [...counts].toSorted((a, b) => b[1] - a[1]).slice(0, 256);
  const indexes = new Map(palette.map(([colour], index) => [colour, index]));
  const nearest = (colour: number): number => {
    const distance = (other: number): number =>
      [16, 8, 0].reduce((sum, shift) => sum + Math.abs(((colour >> shift) & 255) - ((other >> shift) & 255)), 0);
    return palette.reduce((best, [other], index) => (distance(other) < distance(palette[best]![0]) ? index : best), 0);
  };
  const rows = Buffer.alloc((width + 1) * height);
  for (let at = 0; at < colours.length; at++) {
    const colour = colours[at]!;
    if (!indexes.has(colour)) indexes.set(colour, nearest(colour));
    rows[at + Math.floor(at / width) + 1] = indexes.get(colour)!;
  }
  const header = Buffer.from(head);
  header[9] = 3;
  const entries = Buffer.from(palette.flatMap(([colour]) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('PLTE', entries),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
