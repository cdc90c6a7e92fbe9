import uPlot from 'uplot';
import type { PlotData } from '../../model/plot-data.ts';

/** What is under the cursor: the value of each line. */
export interface PlotCursor {
  readonly time: Date;
  readonly values: readonly (number | null | undefined)[];
}

/** Seconds since 1970. */
export interface TimeSpan {
  readonly from: number;
  readonly to: number;
}

/** The plots of one page have one cursor. */
const SYNC_KEY = 'trends';
const HEIGHT = 168;
/** Of a line: the value, and the ends of its band. */
const COLUMNS_PER_LINE = 3;
/** Width of a digit of the axes' font, in CSS pixels. */
const DIGIT_WIDTH = 6.4;

/** Lines over time with their bands, drawn by uPlot in the colours of the page. */
export class TimePlot {
  readonly #plot: uPlot;
  readonly #resize: ResizeObserver;
  #span: TimeSpan = { from: 0, to: 1 };

  /** @param onCursor told where the cursor is; undefined: nowhere */
  constructor(frame: HTMLElement, lines: number, onCursor: (at: PlotCursor | undefined) => void) {
    this.#plot = new uPlot(this.#options(frame, lines, onCursor), undefined, frame);
    this.#resize = new ResizeObserver(() => {
      if (frame.clientWidth > 0) this.#plot.setSize({ width: frame.clientWidth, height: HEIGHT });
    });
    this.#resize.observe(frame);
  }

  show({ times, lines }: PlotData, span: TimeSpan): void {
    this.#span = span;
    const columns = lines.flatMap(({ values, mins, maxs }) => [values, maxs, mins]);
    this.#plot.batch(() => {
      this.#plot.setData([times, ...columns], false);
      this.#plot.setScale('x', { min: span.from, max: span.to });
    });
  }

  destroy(): void {
    this.#resize.disconnect();
    this.#plot.destroy();
  }

  #options(frame: HTMLElement, lines: number, onCursor: (at: PlotCursor | undefined) => void): uPlot.Options {
    const style = getComputedStyle(frame);
    const color = (name: string) => style.getPropertyValue(name).trim();
    const font = `11px ${style.fontFamily}`;
    const axis = {
      stroke: color('--text-muted'),
      font,
      grid: { stroke: color('--plot-grid'), width: 1 },
      ticks: { stroke: color('--plot-grid'), width: 1, size: 4 },
    };
    const indices = Array.from({ length: lines }, (_, i) => i);
    return {
      width: Math.max(1, frame.clientWidth),
      height: HEIGHT,
      padding: [8, 10, 0, 0],
      legend: { show: false },
      cursor: {
        drag: { x: false, y: false },
        y: false,
        points: { size: 6 },
        sync: { key: SYNC_KEY },
      },
      scales: { x: { time: true, range: () => [this.#span.from, this.#span.to] } },
      axes: [
        { ...axis, space: 52, size: 30, values: axisTimes },
        { ...axis, space: 28, size: (_, values) => 14 + DIGIT_WIDTH * longest(values) },
      ],
      series: [{}, ...indices.flatMap((i) => lineSeries(color(`--trend-${i + 1}`)))],
      bands: indices.map((i) => ({
        series: [1 + i * COLUMNS_PER_LINE + 1, 1 + i * COLUMNS_PER_LINE + 2],
        fill: `${color(`--trend-${i + 1}`)}2e`,
      })),
      hooks: { setCursor: [(plot) => onCursor(cursorOf(plot, indices))] },
    };
  }
}

/** A line, with the ends of its band, which are not drawn themselves. */
function lineSeries(stroke: string): uPlot.Series[] {
  const bound: uPlot.Series = { stroke: 'transparent', width: 0, points: { show: false } };
  return [{ stroke, width: 1.5, points: { size: 4, fill: stroke } }, bound, { ...bound }];
}

function cursorOf(plot: uPlot, indices: readonly number[]): PlotCursor | undefined {
  const { idx, left = -1 } = plot.cursor;
  const time = idx === null || idx === undefined ? undefined : plot.data[0]?.[idx];
  if (left < 0 || time === undefined) return undefined;
  const values = indices.map((i) => {
    const column = 1 + i * COLUMNS_PER_LINE;
    const at = plot.cursor.idxs?.[column] ?? idx;
    return at === null || at === undefined ? undefined : plot.data[column]?.[at];
  });
  return { time: new Date(time * 1000), values };
}

/** Times of day; at midnight, or where the range has days, the date. */
function axisTimes(_: uPlot, splits: number[], _axis: number, _space: number, step: number): string[] {
  return splits.map((seconds) => {
    const time = new Date(seconds * 1000);
    const isMidnight = time.getHours() === 0 && time.getMinutes() === 0 && time.getSeconds() === 0;
    if (step >= 3600 && isMidnight) return time.toLocaleDateString(undefined, { day: 'numeric', month: 'short' });
    const clock = `${two(time.getHours())}:${two(time.getMinutes())}`;
    return step < 60 ? `${clock}:${two(time.getSeconds())}` : clock;
  });
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}

function longest(values: readonly string[] | null): number {
  return Math.max(4, ...(values ?? []).map((value) => String(value ?? '').length));
}
