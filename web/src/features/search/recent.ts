import { recall, remember } from '@/lib/storage';

const MOST = 8;
const LONGEST = 200;

/** What somebody searched for last in this browser, the last first. */
export function readRecent(userId: string): string[] {
  try {
    const value: unknown = JSON.parse(recall(`search.recent.${userId}`) ?? '[]');
    return Array.isArray(value) ? value.filter((text) => typeof text === 'string').slice(0, MOST) : [];
  } catch {
    return [];
  }
}

export function withRecent(recent: readonly string[], text: string): string[] {
  const trimmed = text.trim().slice(0, LONGEST);
  if (trimmed === '') return [...recent];
  const others = recent.filter((one) => one.toLocaleLowerCase() !== trimmed.toLocaleLowerCase());
  return [trimmed, ...others].slice(0, MOST);
}

export function addRecent(userId: string, text: string): void {
  writeRecent(userId, withRecent(readRecent(userId), text));
}

export function writeRecent(userId: string, recent: readonly string[]): void {
  remember(`search.recent.${userId}`, recent.length > 0 ? JSON.stringify(recent) : null);
}
