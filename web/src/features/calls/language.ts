/** The name of a language in the reader's own. */
export function languageName(code: string): string {
  try {
    return new Intl.DisplayNames(undefined, { type: 'language' }).of(code) ?? code;
  } catch {
    return code;
  }
}

// What Whisper hears well enough to be of use.
const CODES =
  'ar bg ca cs da de el en es et fa fi fr he hi hr hu id it ja ko lt lv ms nl no pl pt ro ru sk sl sr sv ta th tl tr uk ur vi zh';

/** To choose from, by name. */
export function languages(): [code: string, name: string][] {
  return CODES.split(' ')
    .map((code): [string, string] => [code, languageName(code)])
    .sort((a, b) => a[1].localeCompare(b[1]));
}
