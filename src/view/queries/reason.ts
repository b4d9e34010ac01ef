// Reads why a span failed.
import { spanDetail } from '../otlp/span-detail.ts';
import { isError, type Row } from './rows.ts';

const maxLength = 200;

/** The error of a failed span, in one line; empty if there is none or the span has not failed. */
export function reasonOf(row: Row): string {
  if (!isError(row)) return '';
  const { segment } = row;
  const detail = spanDetail(segment.encoded(row.row));
  const exception = detail.events.find(({ name }) => name === 'exception')?.attributes ?? {};
  const texts = [
    detail.statusMessage,
    exception['exception.message'],
    exception['exception.type'],
    detail.attributes['error.type'],
  ];
  const text = texts.find((each) => typeof each === 'string' && each !== '');
  const [line = ''] = typeof text === 'string' ? text.trim().split('\n') : [];
  return line.length > maxLength ? `${line.slice(0, maxLength)}…` : line;
}
