import { UsageError } from './errors.ts';

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** An ISO date and time; how long ago, like `2h`; or how long from now, like `+30s`. @throws UsageError */
export function parseTime(option: string, text: string, now = Date.now()): Date {
  const distance = /^(\+?)(\d+(?:\.\d+)?)([smhd])$/.exec(text);
  if (distance) {
    const [, sign, count, unit] = distance;
    const ms = Number(count) * (UNITS[unit as string] as number);
    return new Date(sign === '+' ? now + ms : now - ms);
  }
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) {
    throw new UsageError(`${option} needs a time such as 2026-05-01T12:00:00Z or 2h, got "${text}"`);
  }
  return date;
}

/** A length of time such as `90s`, `15m`, `2h` or `7d`, in ms. @param leastMs the shortest there may be @throws UsageError */
export function parseDistance(option: string, text: string, leastMs = 1): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? [];
  const ms = Math.round(Number(count) * (UNITS[unit ?? ''] ?? Number.NaN));
  if (ms >= leastMs) return ms;
  throw new UsageError(`${option} needs a length of time such as 90s, 15m, 2h or 7d, got "${text}"`);
}
