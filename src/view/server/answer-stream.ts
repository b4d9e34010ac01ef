// Slow answers of the HTTP API, as lines of JSON: progress reports, then the answer.

/** The content type of such answers; a client that accepts it receives progress reports. */
export const streamType = 'application/x-ndjson';

/** One line of such an answer. */
export type StreamLine = { progress: number } | { answer: object } | { error: string };

/**
 * Reads an answer, streamed or not.
 *
 * @param onProgress - called with the share that is done, from 0 to 1.
 */
export async function readAnswer(response: Response, onProgress: (share: number) => void): Promise<unknown> {
  if (response.headers.get('content-type') !== streamType || response.body === null) return response.json();
  const decoder = new TextDecoder();
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let text = '';
  let last: StreamLine | undefined;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    text += decoder.decode(read.value, { stream: true });
    const lines = text.split('\n');
    text = lines.pop()!;
    for (const line of lines) {
      last = JSON.parse(line) as StreamLine;
      if ('progress' in last) onProgress(last.progress);
    }
  }
  if (last !== undefined && 'answer' in last) return last.answer;
  throw new Error(
    last !== undefined && 'error' in last ? last.error : 'the answer is incomplete: the connection ended before it',
  );
}
