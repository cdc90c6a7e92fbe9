/**
 * A length of time as xs:duration has it: months are not all of the same length, so that they stay apart from the rest.
 * @see XML Schema Part 2 §3.2.6
 */
export interface Duration {
  readonly months: number;
  readonly milliseconds: number;
}

const DURATION =
  /^P(?=[\dT])(?:(\d{1,6})Y)?(?:(\d{1,6})M)?(?:(\d{1,6})D)?(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})(?:\.(\d{1,9})\d*)?S)?)?$/;
const DAY_MS = 86_400_000;

/** Undefined for text that is no xs:duration, and for one that is negative or longer than a calendar can hold. To the millisecond. */
export function parseDuration(text: string): Duration | undefined {
  const match = DURATION.exec(text);
  if (!match) return undefined;
  const [years, months, days, hours, minutes, seconds] = match.slice(1, 7).map((part = '0') => Number(part)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const fraction = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  return {
    months: years * 12 + months,
    milliseconds: days * DAY_MS + (hours * 3600 + minutes * 60 + seconds) * 1000 + fraction,
  };
}

/** As xs:duration, in as few characters as say it. @throws RangeError for a negative length or one that is no whole number */
export function formatDuration({ months, milliseconds }: Duration): string {
  if (![months, milliseconds].every((part) => Number.isSafeInteger(part) && part >= 0)) {
    throw new RangeError('a duration has whole months and milliseconds, none of them negative');
  }
  const date = [
    [Math.floor(months / 12), 'Y'],
    [months % 12, 'M'],
    [Math.floor(milliseconds / DAY_MS), 'D'],
  ] as const;
  const ofDay = milliseconds % DAY_MS;
  const time = [
    [Math.floor(ofDay / 3_600_000), 'H'],
    [Math.floor(ofDay / 60_000) % 60, 'M'],
    [(ofDay % 60_000) / 1000, 'S'],
  ] as const;
  const write = (parts: readonly (readonly [number, string])[]) =>
    parts.map(([count, unit]) => (count === 0 ? '' : `${count}${unit}`)).join('');
  const timeText = write(time);
  const text = write(date) + (timeText && `T${timeText}`);
  return `P${text || 'T0S'}`;
}

/** The instant that is so long after another; a day that the month has not is its last. @see XML Schema Part 2 §E.1 */
export function addDuration(date: Date, duration: Duration): Date {
  return shifted(date, duration, 1);
}

/** The instant that is so long before another. */
export function subtractDuration(date: Date, duration: Duration): Date {
  return shifted(date, duration, -1);
}

function shifted(date: Date, { months, milliseconds }: Duration, sign: 1 | -1): Date {
  const result = new Date(date);
  if (months > 0) {
    const day = result.getUTCDate();
    result.setUTCDate(1);
    result.setUTCMonth(result.getUTCMonth() + sign * months);
    const last = new Date(result);
    last.setUTCMonth(last.getUTCMonth() + 1, 0);
    result.setUTCDate(Math.min(day, last.getUTCDate()));
  }
  result.setTime(result.getTime() + sign * milliseconds);
  return result;
}
