// The HTTP API of a running view, as the page and the command line use it.
import { MqtraceError } from '../../common/errors.ts';
import { healthAnswer } from '../queries/health.ts';
import { journeyAnswer } from '../queries/journey.ts';
import { mapAnswer } from '../queries/map.ts';
import { rowOf } from '../queries/rows.ts';
import { findMessage, maxSearchLimit, searchAnswer, type SearchQuery } from '../queries/search.ts';
import { spanAnswer } from '../queries/span.ts';
import type { SpanStore } from '../store/store.ts';

/** Answers a request, from a store in this process or from a running view over HTTP; undefined if nothing has the given id. */
export type Answer = object | undefined;

/** The paths of the HTTP API; the command line uses the same names. */
export const answerPaths = ['/api/map', '/api/health', '/api/search', '/api/journey', '/api/span'] as const;
export type AnswerPath = (typeof answerPaths)[number];

/** @throws MqtraceError `INVALID_OPTION` for wrong parameters. */
export async function answerFrom(
  store: SpanStore,
  path: AnswerPath,
  parameters: URLSearchParams,
  signal?: AbortSignal,
  onProgress?: (share: number) => void,
): Promise<Answer> {
  if (path === '/api/map') return mapAnswer(store);
  if (path === '/api/health') return healthAnswer(store);
  if (path === '/api/search') return searchAnswer(store, searchQuery(parameters), onProgress, signal);
  if (path === '/api/journey') {
    const id = parameters.get('id');
    const row = id === null ? rowOf(store, count(parameters, 'span') ?? -1) : await findMessage(store, id, signal);
    return row === undefined ? undefined : journeyAnswer(store, row, count(parameters, 'budget'));
  }
  const row = rowOf(store, count(parameters, 'span') ?? -1);
  return row === undefined ? undefined : spanAnswer(store, row);
}

/** Reads the criteria of a search from URL parameters. */
export function searchQuery(parameters: URLSearchParams): SearchQuery {
  const text = (name: string): string | undefined => parameters.get(name)?.slice(0, 500) || undefined;
  const attribute = text('attribute');
  if (attribute !== undefined && !/^[^=]+=/.test(attribute))
    throw new MqtraceError('INVALID_OPTION', `attribute: expected name=value, got ${JSON.stringify(attribute)}`);
  const order = text('order');
  if (order !== undefined && order !== 'newest' && order !== 'slowest')
    throw new MqtraceError('INVALID_OPTION', `order: expected newest or slowest, got ${JSON.stringify(order)}`);
  return {
    destination: text('destination'),
    consumer: text('consumer'),
    id: text('id'),
    attribute,
    text: text('text'),
    error: parameters.get('error') === 'true',
    waitOver: count(parameters, 'waitOver'),
    order,
    limit: Math.min(maxSearchLimit, count(parameters, 'limit') ?? 50),
  };
}

function count(parameters: URLSearchParams, name: string): number | undefined {
  const given = parameters.get(name);
  if (given === null || given === '') return undefined;
  const value = Number(given);
  if (!Number.isFinite(value) || value < 0 || value > Number.MAX_SAFE_INTEGER)
    throw new MqtraceError(
      'INVALID_OPTION',
      `${name}: expected a number of 0 or more, got ${JSON.stringify(given.slice(0, 40))}`,
    );
  return value;
}
