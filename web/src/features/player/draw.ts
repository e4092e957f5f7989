import { barHeights, gainFor } from './peaks';
import type { Peaks } from '@/lib/api/types';

const BAR_PX = 2;
const GAP_PX = 1;
const LANE_GAP_PX = 6;
const QUIETEST_PX = 1;

export type LaneColours = readonly string[];

/** Draws all lanes into `canvas` at its size on screen; lane i has colour i. */
export function drawLanes(canvas: HTMLCanvasElement, peaks: Peaks, colours: LaneColours): void {
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext('2d');
  if (!context || width === 0) return;
  context.scale(scale, scale);

  const count = Math.floor((width + GAP_PX) / (BAR_PX + GAP_PX));
  const lanes = colours.map((_, channel) => barHeights(peaks, channel, count));
  const gain = gainFor(lanes);
  const laneHeight = (height - LANE_GAP_PX * (lanes.length - 1)) / lanes.length;
  lanes.forEach((lane, index) => {
    const middle = index * (laneHeight + LANE_GAP_PX) + laneHeight / 2;
    context.fillStyle = colours[index] ?? '';
    context.beginPath();
    lane.forEach((value, bar) => {
      const half = Math.max(QUIETEST_PX, Math.min(1, value * gain) * laneHeight) / 2;
      context.roundRect(bar * (BAR_PX + GAP_PX), middle - half, BAR_PX, 2 * half, BAR_PX / 2);
    });
    context.fill();
  });
}

/**
 * The colour that a token stands for here and now. A canvas knows neither tokens nor light-dark(): the
 * browser works them out on an element.
 */
export function usedColour(element: HTMLElement, token: string): string {
  const before = element.style.color;
  element.style.color = `var(${token})`;
  const colour = getComputedStyle(element).color;
  element.style.color = before;
  return colour;
}

/** Calls `redraw` when the element's size or the page's theme changes; returns what ends that. */
export function onLookChange(element: HTMLElement, redraw: () => void): () => void {
  const sizes = new ResizeObserver(redraw);
  sizes.observe(element);
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  scheme.addEventListener('change', redraw);
  const themes = new MutationObserver(redraw);
  themes.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  return () => {
    sizes.disconnect();
    scheme.removeEventListener('change', redraw);
    themes.disconnect();
  };
}
