/** Single-key shortcuts that keep out of the way of typing and of controls that use keys themselves. */

export type KeyPress = Pick<
  KeyboardEvent,
  'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey' | 'defaultPrevented'
>;

/** What is focused, reduced to what matters here. */
export type FocusKind = 'page' | 'button' | 'typing';

/**
 * `typing` for fields, selects, menus and dialogs; `button` for what Space and Enter would press, unless it
 * stands in something with `data-keys="page"`, which leaves the keys to the page.
 */
export function focusKind(target: EventTarget | null): FocusKind {
  if (!(target instanceof Element)) return 'page';
  if (
    target.closest(
      'input:not([type="button"]), textarea, select, [contenteditable="true"], [role="menu"], dialog',
    )
  )
    return 'typing';
  if (!target.closest('button, a[href], summary')) return 'page';
  return target.closest('[data-keys="page"]') ? 'page' : 'button';
}

/** The name of a pressed key as tables of shortcuts spell it, e.g. `Space`, `j`, `Shift+ArrowLeft`. */
export function keyName(press: KeyPress): string | null {
  if (press.ctrlKey || press.metaKey || press.altKey) return null;
  if (press.key === ' ') return 'Space';
  if (press.key.length > 1) return press.shiftKey ? `Shift+${press.key}` : press.key;
  return press.key.toLowerCase();
}

/** The shortcut's function for this key press, if it has one and it may run now. */
export function shortcutFor(
  press: KeyPress,
  focus: FocusKind,
  table: Readonly<Record<string, () => void>>,
): (() => void) | null {
  if (press.defaultPrevented || focus === 'typing') return null;
  const name = keyName(press);
  if (name === null) return null;
  if (focus === 'button' && (name === 'Space' || name === 'Enter')) return null;
  return Object.hasOwn(table, name) ? (table[name] ?? null) : null;
}
