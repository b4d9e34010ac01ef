// A command that can be copied.
import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';

/** The text of a command, with a button that copies it. */
export function Command({ text }: { text: string }): VNode {
  const [said, setSaid] = useState('copy');
  const pre = useRef<HTMLPreElement>(null);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid('copied');
    } catch {
      // The clipboard is available only on loopback addresses and over TLS.
      getSelection()?.selectAllChildren(pre.current!);
      setSaid('selected');
    }
    setTimeout(() => setSaid('copy'), 2000);
  };
  return (
    <div class="command">
      <pre ref={pre} class={text.length > 300 ? 'long' : ''} tabIndex={0} aria-label="command">
        {text}
      </pre>
      <button type="button" onClick={() => void copy()}>
        <span role="status">{said}</span>
      </button>
    </div>
  );
}
