// The panel with the details of one span.
import type { VNode } from 'preact';
import { duration } from '../queries/durations.ts';
import { useAnswer } from './api.tsx';
import { usePanelFocus } from './panel-focus.tsx';
import { addressOf } from './route.tsx';

/** All data of one span. */
export function SpanPanel({ span, onClose }: { span: number; onClose: () => void }): VNode {
  const panel = usePanelFocus(span);
  const { answer, error } = useAnswer('/api/span', { span: String(span) }, 0);
  return (
    <aside class="details" ref={panel} tabIndex={-1} aria-label="span">
      <button type="button" class="close" aria-label="close" onClick={onClose}>
        ×
      </button>
      {error !== undefined && <p class="error">{error}</p>}
      {answer !== undefined && (
        <>
          <h2>{answer.name}</h2>
          <p>
            {answer.service}, {duration(answer.end - answer.start)}, by {answer.scope}
          </p>
          {answer.status === 'error' && <p class="bad">✕ {answer.statusMessage || 'failed'}</p>}
          <Values title="attributes" values={answer.attributes} />
          {answer.events.map((event) => (
            <Values title={`${event.name} after ${duration(event.time - answer.start)}`} values={event.attributes} />
          ))}
          {answer.links.length > 0 && <h3>links</h3>}
          {answer.links.slice(0, 50).map((link) => (
            <p>
              <a href={addressOf('journey', { id: link.spanId })}>
                <code>{link.spanId}</code>
              </a>
            </p>
          ))}
          <Values title="resource" values={answer.resource} />
          <p class="ids">
            span <code>{answer.spanId}</code>
          </p>
        </>
      )}
    </aside>
  );
}

function Values({ title, values }: { title: string; values: Record<string, unknown> }): VNode | null {
  const entries = Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <dl class="values">
        {entries.map(([name, value]) => (
          <div>
            <dt>{name}</dt>
            <dd>{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
