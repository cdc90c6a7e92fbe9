import type { TrendPoint } from '../model/trend.ts';

const WIDTH = 96;
const HEIGHT = 22;

/** The last seconds of a value, without axes; what it says is said by the value too. */
export function Sparkline({ points, seconds }: { readonly points: readonly TrendPoint[]; readonly seconds: number }) {
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      <path d={pathOf(points, seconds)} />
    </svg>
  );
}

function pathOf(points: readonly TrendPoint[], seconds: number): string {
  if (points.length < 2) return '';
  const end = points.at(-1)?.time ?? 0;
  const values = points.map(({ value }) => value);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const x = (time: number) => Math.max(0, (WIDTH * (time - end + seconds)) / seconds);
  const y = (value: number) => (high === low ? HEIGHT / 2 : 2 + ((HEIGHT - 4) * (high - value)) / (high - low));
  return points
    .map(({ time, value }, i) => `${i === 0 ? 'M' : 'L'}${x(time).toFixed(1)} ${y(value).toFixed(1)}`)
    .join('');
}
