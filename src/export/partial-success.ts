// Reads the number of rejected spans or data points from a successful response.
import { ProtobufReader } from '../common/protobuf-reader.ts';
import type { SendResult } from './sender.ts';

type Success = SendResult & { status: 'ok' };

/** A response that cannot be read counts as success by its status; whether spans were rejected is unknown. */
const unreadable: Success = { status: 'ok', rejected: 0, unreadable: true };

function result(rejected: number, detail: string): Success {
  return {
    status: 'ok',
    rejected: Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0,
    ...(detail && { detail }),
  };
}

/** Reads an ExportTraceServiceResponse or ExportMetricsServiceResponse in protobuf. @internal */
export function readProtobufResponse(bytes: Buffer): Success {
  try {
    let rejected = 0;
    let detail = '';
    const response = new ProtobufReader(bytes);
    while (response.next()) {
      if (response.field !== 1) {
        response.skip();
        continue;
      }
      const partial = response.message();
      while (partial.next()) {
        if (partial.field === 1) rejected = Number(partial.int64());
        else if (partial.field === 2) detail = partial.string();
        else partial.skip();
      }
    }
    return result(rejected, detail);
  } catch {
    return unreadable;
  }
}

/** Reads an ExportTraceServiceResponse or ExportMetricsServiceResponse in JSON. @internal */
export function readJsonResponse(bytes: Buffer): Success {
  if (bytes.length === 0) return result(0, '');
  try {
    const { partialSuccess } = JSON.parse(bytes.toString('utf8')) as {
      partialSuccess?: { rejectedSpans?: unknown; rejectedDataPoints?: unknown; errorMessage?: unknown };
    };
    const detail = partialSuccess?.errorMessage;
    const rejected = partialSuccess?.rejectedSpans ?? partialSuccess?.rejectedDataPoints ?? 0;
    return result(Number(rejected), typeof detail === 'string' ? detail : '');
  } catch {
    return unreadable;
  }
}
