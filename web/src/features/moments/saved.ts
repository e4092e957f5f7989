import { recall, remember } from '@/lib/storage';

/** Filters under a name, and moments that were kept: this browser's, for one person. */
export type View = { name: string; query: string };

const MOST_VIEWS = 30;
const MOST_KEPT = 300;

export function readViews(userId: string): View[] {
  return readList(`moments.views.${userId}`).flatMap((item) => {
    if (typeof item !== 'object' || item === null) return [];
    const name: unknown = Reflect.get(item, 'name');
    const query: unknown = Reflect.get(item, 'query');
    return typeof name === 'string' && name !== '' && typeof query === 'string' ? [{ name, query }] : [];
  });
}

/** The views with one more; one of the same name gives way. */
export function withView(views: readonly View[], view: View): View[] {
  const name = view.name.trim();
  const others = views.filter((one) => one.name.toLocaleLowerCase() !== name.toLocaleLowerCase());
  return [...others, { ...view, name }].slice(-MOST_VIEWS);
}

export function writeViews(userId: string, views: readonly View[]): void {
  remember(`moments.views.${userId}`, views.length > 0 ? JSON.stringify(views) : null);
}

/** Ids of kept moments, the last kept first. */
export function readKept(userId: string): string[] {
  return readList(`moments.kept.${userId}`).filter((id) => typeof id === 'string');
}

export function toggleKept(kept: readonly string[], id: string): string[] {
  return kept.includes(id) ? kept.filter((one) => one !== id) : [id, ...kept].slice(0, MOST_KEPT);
}

export function writeKept(userId: string, kept: readonly string[]): void {
  remember(`moments.kept.${userId}`, kept.length > 0 ? JSON.stringify(kept) : null);
}

function readList(key: string): unknown[] {
  try {
    const value: unknown = JSON.parse(recall(key) ?? '[]');
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
