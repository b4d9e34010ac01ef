// Searches blocks of encoded spans in a worker thread.
import { Worker } from 'node:worker_threads';
import type { Block } from '../store/raw-blocks.ts';

/**
 * The program of the worker thread, as text, so that the package needs no separate file for it. It answers with the positions of all
 * matches in each block.
 */
const program = `
const { parentPort } = require('node:worker_threads');
const { inflateRawSync } = require('node:zlib');
parentPort.on('message', ({ number, blocks, needles }) => {
  const found = blocks.map(({ bytes, compressed }) => {
    const block = compressed ? inflateRawSync(bytes) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const places = [];
    for (const each of needles) {
      const needle = Buffer.from(each.buffer, each.byteOffset, each.length);
      for (let at = block.indexOf(needle); at >= 0; at = block.indexOf(needle, at + 1)) places.push(at);
    }
    return places;
  });
  parentPort.postMessage({ number, found });
});
`;

type Places = number[][];
interface Waiting {
  resolve: (found: Places) => void;
  reject: (error: Error) => void;
}

let worker: Worker | undefined;
let number = 0;
const waiting = new Map<number, Waiting>();

/** Finds the positions of all needles in each block. The thread is kept for the next search, and does not keep the process alive. */
export function placesIn(blocks: readonly Block[], needles: readonly Buffer[]): Promise<Places> {
  const thread = (worker ??= started());
  thread.ref();
  return new Promise((resolve, reject) => {
    waiting.set(++number, { resolve, reject });
    const copies = blocks.map(({ bytes, compressed, size }) => ({
      // A copy: a block that is not full yet still changes, and a view would transfer its whole buffer.
      bytes: new Uint8Array(bytes.subarray(0, compressed ? bytes.length : size)),
      compressed,
    }));
    const request = { number, blocks: copies, needles: needles.map((needle) => new Uint8Array(needle)) };
    // The copies are handed over, not copied again.
    thread.postMessage(
      request,
      copies.map(({ bytes }) => bytes.buffer),
    );
  });
}

function started(): Worker {
  const thread = new Worker(program, { eval: true, stdout: false, stderr: false });
  thread.on('message', (answer: { number: number; found: Places }) => {
    waiting.get(answer.number)?.resolve(answer.found);
    waiting.delete(answer.number);
    if (waiting.size === 0) thread.unref();
  });
  thread.on('error', (error) => {
    worker = undefined;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  });
  return thread;
}
