// Handles arrow keys in lists.
/** Arrow keys go through the buttons and links of a list. */
export function moveFocus(event: KeyboardEvent): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
  const list = event.currentTarget as HTMLElement;
  const items = [...list.querySelectorAll<HTMLElement>('button, a[href]')];
  const at = items.indexOf(document.activeElement as HTMLElement);
  if (at < 0) return;
  event.preventDefault();
  items[at + (event.key === 'ArrowDown' ? 1 : -1)]?.focus();
}
