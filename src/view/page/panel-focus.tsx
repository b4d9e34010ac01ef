// Moves the focus into a panel and back.
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** A panel that was opened by keyboard gets the focus, and returns it when it closes. */
export function usePanelFocus(key: unknown): RefObject<HTMLElement | null> {
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    const opener = document.activeElement;
    if (!(opener instanceof HTMLElement) || panel.current?.contains(opener) || !opener.matches(':focus-visible'))
      return undefined;
    const opened = panel.current;
    opened?.focus();
    return () => {
      const { activeElement } = document;
      const isInside = activeElement === document.body || opened?.contains(activeElement) === true;
      if (isInside && opener.isConnected) opener.focus();
    };
  }, [key]);
  return panel;
}
