// The answers of the HTTP API that take long: lines of JSON, of which the last one is the answer and the others tell how far it is.

/** The content type of such answers; who accepts it is told of the progress. */
export const streamType = 'application/x-ndjson';

/** A line of a stream. */
export type StreamLine = { progress: number } | { answer: object } | { error: string };

/**
 * Reads an answer, streamed or not.
 *
 * @param onProgress - told how much has been done, from 0 to 1.
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
  throw new Error(last !== undefined && 'error' in last ? last.error : 'the answer ended too early');
}
