import type { WidthOf } from './virtual';

export type TextStyle = { font: string; letterSpacingPx: number };

const AVERAGE_PX = 7.8;

/** How wide characters are, looked up once each; an average where the browser cannot say. */
export function measureText(style: TextStyle): WidthOf {
  const context = document.createElement('canvas').getContext('2d');
  const widths = new Map<number, number>();
  if (context) context.font = style.font;
  return (code) => {
    const known = widths.get(code);
    if (known !== undefined) return known;
    const width =
      (context?.measureText(String.fromCharCode(code)).width ?? AVERAGE_PX) + style.letterSpacingPx;
    widths.set(code, width);
    return width;
  };
}
