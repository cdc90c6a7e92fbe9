/** A time as policies see it. */
export interface MinuteReading {
  /** ISO 8601, to the minute. */
  readonly time: string;
  /** Such as 20261126. */
  readonly date: number;
  readonly hour: number;
  readonly minuteOfDay: number;
  /** 1 is Monday. */
  readonly weekday: number;
}

const MINUTE_MS = 60_000;
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** Reads clocks in a time zone; the same reading for as long as the minute lasts. */
export class MinuteClock {
  readonly #format: Intl.DateTimeFormat;
  #minute = Number.NaN;
  #reading: MinuteReading | undefined;

  /** @param timeZone that of the computer when not given */
  constructor(timeZone: string | undefined) {
    this.#format = new Intl.DateTimeFormat('en-GB', {
      ...(timeZone === undefined ? {} : { timeZone }),
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      weekday: 'short',
    });
  }

  /** @param now milliseconds since 1970 */
  read(now: number): MinuteReading {
    const minute = Math.floor(now / MINUTE_MS);
    if (minute === this.#minute && this.#reading) return this.#reading;
    const at = new Date(minute * MINUTE_MS);
    const parts = Object.fromEntries(this.#format.formatToParts(at).map(({ type, value }) => [type, value]));
    const [hour, minutes] = [Number(parts.hour), Number(parts.minute)];
    this.#minute = minute;
    this.#reading = {
      time: at.toISOString().replace('.000Z', 'Z'),
      date: Number(`${parts.year}${parts.month}${parts.day}`),
      hour,
      minuteOfDay: hour * 60 + minutes,
      weekday: WEEKDAYS.indexOf(parts.weekday ?? '') + 1,
    };
    return this.#reading;
  }
}
