// The view of one message as a waterfall.
import type { VNode } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { duration } from '../queries/durations.ts';
import type { JourneyAnswer, JourneyRow, RecordedValue } from '../queries/types.ts';
import { useAnswer } from './api.tsx';
import { huesOf } from './hue.ts';
import { moveFocus } from './keys.tsx';
import { addressOf } from './route.tsx';
import { type Scale, scaleOf } from './scale.ts';
import { SpanPanel } from './span-panel.tsx';

/** One message as a waterfall that also shows waiting times. */
export function JourneyView({
  parameters,
  version,
}: {
  parameters: Record<string, string>;
  version: number | undefined;
}): VNode {
  const { answer, error } = useAnswer('/api/journey', parameters, version);
  const [open, setOpen] = useState<number | undefined>(undefined);
  useEffect(() => setOpen(undefined), [JSON.stringify(parameters)]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') setOpen(undefined);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  if (error !== undefined)
    return (
      <p class="error" role="alert">
        {error}
      </p>
    );
  if (answer === undefined) return <p class="note">loading…</p>;
  return (
    <div class={open === undefined ? 'journey' : 'journey has-details'}>
      <div class="heading">
        <h2>{answer.title}</h2>
        <p class="ids">
          <a href={addressOf('journeys', { destination: answer.destination })}>{answer.destination}</a>
          <span>
            trace <code>{answer.traceId}</code>
          </span>
          <span>
            span <code>{answer.spanId}</code>
          </span>
          {answer.messageId !== '' && answer.messageKey !== '' && (
            <span>
              message id <code>{answer.messageId}</code>
            </span>
          )}
        </p>
      </div>
      <Recorded values={answer.recorded} />
      {answer.notes.map((note) => (
        <p class="note warn">⚠ {note}</p>
      ))}
      <p class="signs">
        <span>
          <i class="sign-wait" aria-hidden="true" /> waiting
        </span>
        {answer.axis.some(({ folded }) => folded) && (
          <span>
            <i class="sign-fold" aria-hidden="true" /> nothing at work: shortened
          </span>
        )}
        {answer.rows.some(({ certain }) => !certain) && (
          <span>
            <i class="sign-possible" aria-hidden="true" /> possible: a batch does not tell which message led to it
          </span>
        )}
      </p>
      <Waterfall answer={answer} open={open} onOpen={(span) => setOpen(span === open ? undefined : span)} />
      {open !== undefined && <SpanPanel span={open} onClose={() => setOpen(undefined)} />}
    </div>
  );
}

/** The baggage and headers of the message; closed if there are many. */
function Recorded({ values }: { values: readonly RecordedValue[] }): VNode | null {
  if (values.length === 0) return null;
  return (
    <details class="recorded" open={values.length <= 8}>
      <summary>baggage and headers ({values.length})</summary>
      <ul>
        {values.map(({ kind, name, value, services }) => (
          <li>
            <small>{kind}</small> <b>{name}</b> <code>{value}</code> <small>{services.join(', ')}</small>
          </li>
        ))}
      </ul>
    </details>
  );
}

function Waterfall({
  answer,
  open,
  onOpen,
}: {
  answer: JourneyAnswer;
  open: number | undefined;
  onOpen: (span: number) => void;
}): VNode {
  const ruler = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(entry!.contentRect.width));
    observer.observe(ruler.current!);
    return () => observer.disconnect();
  }, []);
  const hues = useMemo(() => huesOf(answer.rows.map(({ service }) => service)), [answer.rows]);
  const scale = useMemo(() => scaleOf(answer.axis, Math.max(10, width)), [answer.axis, width]);
  return (
    <div class="waterfall" onKeyDown={moveFocus}>
      <div class="line head">
        <span class="service-name" />
        <span class="label" />
        <div class="bars" ref={ruler}>
          {scale.folds.map((fold) => (
            <span class="fold-label" style={{ left: `${fold.x + fold.width / 2}px` }} title="without activity">
              {duration(fold.duration)}
            </span>
          ))}
        </div>
        <span class="took">took</span>
      </div>
      {answer.rows.map((row, at) => (
        <Line
          key={`${row.kind} ${row.span} ${at}`}
          row={row}
          scale={scale}
          hue={hues.get(row.service) ?? 0}
          open={row.kind === 'span' && row.span === open}
          onOpen={onOpen}
        />
      ))}
    </div>
  );
}

function Line({
  row,
  scale,
  hue,
  open,
  onOpen,
}: {
  row: JourneyRow;
  scale: Scale;
  hue: number;
  open: boolean;
  onOpen: (span: number) => void;
}): VNode {
  const from = scale.at(row.start);
  const to = scale.at(row.end);
  const waiting = row.kind === 'wait';
  const classes = `line ${row.kind}${row.error ? ' failed' : ''}${row.certain ? '' : ' possible'}${row.asked ? ' asked' : ''}`;
  const label = (
    <span class="label" style={{ '--depth': Math.min(row.depth, 14) }}>
      {waiting && '… '}
      {row.error && <span class="bad">✕ </span>}
      {row.name}
      {row.attempt > 0 && <em>, attempt {row.attempt}</em>}
      {row.reason !== '' && <span class="reason">: {row.reason}</span>}
      {!row.certain && <em> (possibly)</em>}
      {row.note !== '' && <em class="aside"> {row.note}</em>}
    </span>
  );
  const inner = (
    <>
      <span class={`service-name hue-${hue}`} title={row.service}>
        {row.service}
      </span>
      {label}
      <div class="bars">
        {scale.folds.map((fold) => (
          <Fold x={fold.x} width={fold.width} />
        ))}
        {row.kind !== 'fold' && (
          <span
            class={waiting ? 'wait-bar' : `span-bar fill-${hue}`}
            style={{ left: `${from}px`, width: `${Math.max(waiting ? 6 : 2, to - from)}px` }}
          />
        )}
      </div>
      <span class="took">{row.kind === 'fold' ? '' : duration(row.end - row.start)}</span>
    </>
  );
  if (row.kind !== 'span') return <div class={classes}>{inner}</div>;
  return (
    <button type="button" class={classes} aria-expanded={open} onClick={() => onOpen(row.span)}>
      {inner}
    </button>
  );
}

function Fold({ x, width }: { x: number; width: number }): VNode {
  return <span class="fold" style={{ left: `${x}px`, width: `${width}px` }} />;
}
