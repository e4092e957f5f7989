/** Where something that floats over the page stands beside what it belongs to. Pixels of the window. */
import { clamp } from '@/lib/ranges';

export type Rect = { left: number; top: number; width: number; height: number };
export type Size = { width: number; height: number };

const GAP_PX = 4;
const MARGIN_PX = 8;

/** Below (or above) its anchor and in line with one of its sides; on the other side where it has more room. */
export function placeBeside(
  anchor: Rect,
  size: Size,
  view: Size,
  how: { align: 'start' | 'end'; prefer: 'below' | 'above' },
): { left: number; top: number; maxHeight: number } {
  const under = view.height - anchor.top - anchor.height - GAP_PX - MARGIN_PX;
  const over = anchor.top - GAP_PX - MARGIN_PX;
  const wants = size.height;
  const below = how.prefer === 'below' ? under >= wants || under >= over : over < wants && under > over;
  const maxHeight = Math.max(0, below ? under : over);
  const height = Math.min(wants, maxHeight);
  const left = how.align === 'start' ? anchor.left : anchor.left + anchor.width - size.width;
  return {
    left: clamp(left, MARGIN_PX, view.width - size.width - MARGIN_PX),
    top: below ? anchor.top + anchor.height + GAP_PX : anchor.top - GAP_PX - height,
    maxHeight,
  };
}
