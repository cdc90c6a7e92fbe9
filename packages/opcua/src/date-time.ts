/* Times of OPC UA are 64-bit numbers of 100 ns since 1601-01-01, UTC. @see OPC 10000-6 §5.2.2.5 */

const TICKS_PER_SECOND = 10_000_000n;
/** Of 1970-01-01. */
const EPOCH_TICKS = 116_444_736_000_000_000n;
/** Of the end of the year 9999. */
const MOST_TICKS = 2_650_467_744_000_000_000n;
const TEXT = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{0,6}[1-9]))?Z$/;
const LEAST = -(2n ** 63n);
const MOST = 2n ** 63n - 1n;

/** As in XML Schema, with up to seven decimals; what is before 1601 or after 9999 as the number itself. */
export function formatDateTime(ticks: bigint): string {
  if (ticks < 0n || ticks >= MOST_TICKS) return String(ticks);
  const fraction = ticks % TICKS_PER_SECOND;
  const seconds = (ticks - fraction - EPOCH_TICKS) / TICKS_PER_SECOND;
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  const decimals = fraction === 0n ? '' : `.${String(fraction).padStart(7, '0').replace(/0+$/, '')}`;
  return `${whole}${decimals}Z`;
}

/** @returns undefined for what `formatDateTime` does not write */
export function parseDateTime(text: string): bigint | undefined {
  if (/^-?\d{1,19}$/.test(text)) {
    const ticks = BigInt(text);
    return ticks >= LEAST && ticks <= MOST ? ticks : undefined;
  }
  const [, whole, fraction = ''] = TEXT.exec(text) ?? [];
  const milliseconds = whole === undefined ? Number.NaN : Date.parse(`${whole}Z`);
  if (Number.isNaN(milliseconds)) return undefined;
  const ticks = EPOCH_TICKS + BigInt(milliseconds) * 10_000n + BigInt(fraction.padEnd(7, '0'));
  return ticks >= 0n && ticks < MOST_TICKS ? ticks : undefined;
}

/** The ticks of a time of JavaScript. */
export function ticksOf(time: Date): bigint {
  return EPOCH_TICKS + BigInt(time.getTime()) * 10_000n;
}
