import { decimalNumber, nearestDecimal } from '../decimal.ts';
import type { DecimalText } from '../operation.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

interface Window {
  start: number;
  count: number;
  before: number;
}

interface Attempts {
  readonly minute: Window;
  readonly hour: Window;
}

interface LastValue {
  readonly number: DecimalText;
  readonly at: number;
}

/** What is known of a value before. */
export interface ValueBefore {
  readonly previous: DecimalText;
  readonly change?: DecimalText;
  readonly changePerSecond?: DecimalText;
  readonly secondsSinceLast: number;
}

/** How often something was tried, and what was permitted last; in tables of bounded size, those used last. */
export class OperationHistory {
  readonly #attempts = new Map<string, Attempts>();
  readonly #values = new Map<string, LastValue>();
  readonly #maxEntries: number;

  constructor(maxEntries = 20_000) {
    this.#maxEntries = maxEntries;
  }

  /** Counts one more. @param now milliseconds since 1970 */
  tried(key: string, now: number): void {
    const known = this.#attempts.get(key) ?? { minute: emptyWindow(now), hour: emptyWindow(now) };
    add(known.minute, now, MINUTE_MS);
    add(known.hour, now, HOUR_MS);
    this.#keep(this.#attempts, key, known);
  }

  /** How often in the last minute or hour, about: what was in the window before counts by the part of it that is not over. */
  count(key: string, window: 'minute' | 'hour', now: number): number {
    const known = this.#attempts.get(key);
    if (!known) return 0;
    const length = window === 'minute' ? MINUTE_MS : HOUR_MS;
    const { start, count, before } = rolled(known[window], now, length);
    return Math.floor(count + before * (1 - (now - start) / length));
  }

  /** A value was permitted. */
  permitted(key: string, number: DecimalText, now: number): void {
    this.#keep(this.#values, key, { number, at: now });
  }

  before(key: string, number: DecimalText | undefined, now: number): ValueBefore | undefined {
    const last = this.#values.get(key);
    if (!last) return undefined;
    const seconds = Math.max(0, (now - last.at) / 1000);
    const known = { previous: last.number, secondsSinceLast: Math.floor(seconds) };
    if (number === undefined) return known;
    const change = Math.abs(decimalNumber(number) - decimalNumber(last.number));
    return {
      ...known,
      change: nearestDecimal(change),
      // Whatever happens at once has at least a millisecond.
      changePerSecond: nearestDecimal(change / Math.max(seconds, 0.001)),
    };
  }

  #keep<T>(table: Map<string, T>, key: string, value: T): void {
    table.delete(key);
    table.set(key, value);
    for (const oldest of table.keys()) {
      if (table.size <= this.#maxEntries) return;
      table.delete(oldest);
    }
  }
}

function emptyWindow(now: number): Window {
  return { start: now, count: 0, before: 0 };
}

function add(window: Window, now: number, length: number): void {
  Object.assign(window, rolled(window, now, length));
  window.count++;
}

/** The window it is now. A clock that was set back begins a new one. */
function rolled({ start, count, before }: Window, now: number, length: number): Window {
  const passed = now - start;
  if (passed >= 0 && passed < length) return { start, count, before };
  if (passed < 0 || passed >= 2 * length) return { start: now, count: 0, before: 0 };
  return { start: start + length, count: 0, before: count };
}
