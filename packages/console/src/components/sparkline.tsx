import type { Sample } from '../model/live-samples.ts';

const WIDTH = 96;
const HEIGHT = 22;
const SPAN_SECONDS = 120;

/** The last two minutes of a value, without axes; what it says is said by the value too. */
export function Sparkline({ samples }: { readonly samples: readonly Sample[] }) {
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      <path d={pathOf(samples)} />
    </svg>
  );
}

function pathOf(samples: readonly Sample[]): string {
  const end = samples.at(-1)?.time ?? 0;
  const shown = samples.filter(({ time }) => time >= end - SPAN_SECONDS);
  if (shown.length < 2) return '';
  const values = shown.map(({ value }) => value);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const x = (time: number) => (WIDTH * (time - end + SPAN_SECONDS)) / SPAN_SECONDS;
  const y = (value: number) => (high === low ? HEIGHT / 2 : 2 + ((HEIGHT - 4) * (high - value)) / (high - low));
  return shown
    .map(({ time, value }, i) => `${i === 0 ? 'M' : 'L'}${x(time).toFixed(1)} ${y(value).toFixed(1)}`)
    .join('');
}
