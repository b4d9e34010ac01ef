// The search for messages.
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { duration } from '../queries/durations.ts';
import type { MessageSummary } from '../queries/types.ts';
import { useAnswer } from './api.tsx';
import { moveFocus } from './keys.tsx';
import { addressOf, go } from './route.tsx';

const fields = ['destination', 'consumer', 'id', 'attribute', 'text', 'waitOver', 'order', 'error'] as const;
type Query = Partial<Record<(typeof fields)[number], string>>;

/** Finds messages, and lists them. */
export function JourneysView({
  parameters,
  version,
  destinations,
}: {
  parameters: Record<string, string>;
  version: number | undefined;
  destinations: string[];
}): VNode {
  const query: Query = {};
  for (const field of fields) if (parameters[field]) query[field] = parameters[field];
  // The results do not change after the search: a list that changes under the pointer cannot be read.
  const [asked, setAsked] = useState(0);
  const { answer, error, progress } = useAnswer(
    '/api/search',
    { ...query, limit: '100' },
    version === undefined ? undefined : asked,
  );
  return (
    <div class="journeys">
      <SearchForm query={query} destinations={destinations} onAgain={() => setAsked(asked + 1)} />
      {error !== undefined && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      {answer === undefined ? (
        error === undefined && (
          <p class="note" role="status">
            looking…{progress !== undefined && ` ${Math.round(progress * 100)} %`}
          </p>
        )
      ) : answer.messages.length === 0 ? (
        <p class="note">No matching message was found. Fewer terms find more.</p>
      ) : (
        <ul class="messages" onKeyDown={moveFocus}>
          <li class="message-head" aria-hidden="true">
            <span>sent at</span>
            <span>destination</span>
            <span>message</span>
            <span>what happened</span>
            <span class="wait">waited</span>
          </li>
          {answer.messages.map((message) => (
            <Message key={message.span} message={message} />
          ))}
          {answer.more && <li class="note">There are more than these {answer.messages.length}.</li>}
        </ul>
      )}
    </div>
  );
}

function SearchForm({
  query,
  destinations,
  onAgain,
}: {
  query: Query;
  destinations: string[];
  onAgain: () => void;
}): VNode {
  const form = useRef<HTMLFormElement>(null);
  const key = JSON.stringify(query);
  useEffect(() => {
    for (const field of fields) {
      const input = form.current?.elements.namedItem(field);
      if (input instanceof HTMLInputElement && input.type === 'checkbox') input.checked = query[field] === 'true';
      else if (input instanceof HTMLInputElement || input instanceof HTMLSelectElement)
        input.value = query[field] ?? (field === 'order' ? 'newest' : '');
    }
  }, [key, destinations.length]);
  const submit = (event: Event): void => {
    event.preventDefault();
    const given: Query = {};
    for (const [name, value] of new FormData(form.current!)) {
      if (typeof value === 'string' && value !== '' && value !== 'newest') given[name as keyof Query] = value;
    }
    if (JSON.stringify(given) === key) onAgain();
    else go('journeys', given);
  };
  return (
    <form ref={form} class="search" onSubmit={submit} onChange={submit}>
      <label class="wide">
        message id, key, trace or span id
        <input name="id" type="search" autocomplete="off" spellcheck={false} />
      </label>
      <label>
        destination
        <select name="destination">
          <option value="">all</option>
          {destinations.map((name) => (
            <option value={name}>{name}</option>
          ))}
        </select>
      </label>
      <label>
        consumed by
        <input name="consumer" autocomplete="off" />
      </label>
      <label>
        attribute
        <input name="attribute" placeholder="name=value" autocomplete="off" spellcheck={false} />
      </label>
      <label>
        text
        <input name="text" autocomplete="off" />
      </label>
      <label>
        waited over, ms
        <input name="waitOver" type="number" min="0" />
      </label>
      <label>
        order
        <select name="order">
          <option value="newest">newest</option>
          <option value="slowest">longest wait</option>
        </select>
      </label>
      <label class="check">
        <input name="error" type="checkbox" value="true" />
        failed only
      </label>
      <button type="submit">search</button>
    </form>
  );
}

function Message({ message }: { message: MessageSummary }): VNode {
  const name = message.messageKey || message.messageId || message.spanId;
  return (
    <li>
      <a
        class={message.error ? 'message failed' : 'message'}
        href={addressOf('journey', { span: String(message.span) })}
      >
        <span class="time">{clock(message.start)}</span>
        <span class="where" title={message.destination}>
          {message.destination || message.name}
        </span>
        <span class="name" title={name}>
          {name}
        </span>
        <span class="what">
          {message.error && <span class="bad">✕ failed</span>}
          {message.reason !== '' && (
            <span class="reason" title={message.reason}>
              {message.reason}
            </span>
          )}
          {message.attempts > 0 && <span>↻ {message.attempts + 1} attempts</span>}
          {message.skewed && (
            <span title="consumed before it was created, by the clocks of both sides">⚠ clocks differ</span>
          )}
          {message.consumers === 0 && <span>not consumed</span>}
          {message.consumers > 1 && <span>{message.consumers} consumers</span>}
        </span>
        <span class="wait">{message.wait === undefined ? '' : duration(message.wait)}</span>
      </a>
    </li>
  );
}

function clock(time: number): string {
  const date = new Date(time);
  return `${date.toLocaleTimeString([], { hour12: false })}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}
