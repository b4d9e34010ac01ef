// Reads the message id and key of a span as text.
import { setters } from '../otlp/attribute-names.ts';
import { spanDetail } from '../otlp/span-detail.ts';
import { SpanRecord } from '../otlp/span-record.ts';
import type { Row } from './rows.ts';

const record = new SpanRecord();

/** The message id and key of a span, of which the columns contain only hashes; empty if it has none. */
export function messageTexts({ segment, row }: Row): { messageId: string; messageKey: string } {
  if (segment.messageId[row] === 0 && segment.messageKey[row] === 0) return { messageId: '', messageKey: '' };
  record.reset();
  const { attributes } = spanDetail(segment.encoded(row));
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      setters.get(name)?.(record, value);
  }
  return { messageId: record.messageId, messageKey: record.messageKey };
}
