/**
 * Lexical forms of the simple types of XML Schema that payloads carry. Each reader gives undefined for text that is not of the type.
 * Every regular expression here runs in linear time.
 * @see XML Schema Part 2 §3.2
 */

export { parseBoolean } from '@thingward/xml';

const DOUBLE = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const INTEGER = /^([+-]?)(\d+)$/;
const ZONE = '(Z|[+-](?:0\\d|1[0-3]):[0-5]\\d|[+-]14:00)?';
const CLOCK = '(\\d\\d):(\\d\\d):(\\d\\d)(\\.\\d+)?';
const DAY = '(-?(?:[1-9]\\d{4,8}|\\d{4}))-(\\d\\d)-(\\d\\d)';
const DATE = new RegExp(`^${DAY}${ZONE}$`);
const TIME = new RegExp(`^${CLOCK}${ZONE}$`);
const DATE_TIME = new RegExp(`^${DAY}T${CLOCK}${ZONE}$`);
const DURATION = /^-?P(?=[\dT])(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?$/;

const INT_MAX = 2n ** 31n;
const LONG_MAX = 2n ** 63n;
const LONG_DIGITS = 19;

/** Is it an xs:double that is a finite number? (NaN and INF are no measurements.) */
export function isFiniteDouble(text: string): boolean {
  return DOUBLE.test(text) && Number.isFinite(Number(text));
}

/** xs:int: 32 bits. */
export function parseInt32(text: string): number | undefined {
  const value = parseInteger(text);
  return value !== undefined && value >= -INT_MAX && value < INT_MAX ? Number(value) : undefined;
}

/** xs:long: 64 bits. */
export function parseInt64(text: string): bigint | undefined {
  const value = parseInteger(text);
  return value !== undefined && value >= -LONG_MAX && value < LONG_MAX ? value : undefined;
}

/** Of at most as many digits as a long has: a longer one need not become a number to be refused. */
function parseInteger(text: string): bigint | undefined {
  const [, sign, digits] = INTEGER.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const significant = digits.replace(/^0+(?=\d)/, '');
  if (significant.length > LONG_DIGITS) return undefined;
  return sign === '-' ? -BigInt(significant) : BigInt(significant);
}

const ONLY_ZONE = /^(?:Z|[+-](?:0\d|1[0-3]):[0-5]\d|[+-]14:00)$/;

/** Is it a time zone as xs:dateTime has it, `Z` or an offset like `+09:00`? */
export function isTimeZone(text: string): boolean {
  return ONLY_ZONE.test(text);
}

/**
 * xs:dateTime as an instant, to the millisecond. Undefined also for instants that a Date can't hold.
 * @param defaultZone where a time without a time zone is from; local time of this machine when not given, as XEP-0323 §6.1 wants it
 */
export function parseDateTime(text: string, defaultZone?: string): Date | undefined {
  const match = DATE_TIME.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone = defaultZone] = match;
  if (!isDay(year, month, day) || !isClock(hour, minute, second, fraction)) return undefined;
  const milliseconds = Math.floor(Number(`0${fraction ?? '.0'}`) * 1000);
  const date = new Date(0);
  const clock = [Number(hour), Number(minute), Number(second), milliseconds] as const;
  if (zone === undefined) {
    date.setFullYear(Number(year), Number(month) - 1, Number(day));
    date.setHours(...clock);
  } else {
    date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
    date.setUTCHours(...clock);
    date.setTime(date.getTime() - zoneMinutes(zone) * 60_000);
  }
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/**
 * An instant as xs:dateTime in UTC with milliseconds.
 * @throws RangeError for an invalid Date, and for years that xs:dateTime writes in another way than ISO 8601
 */
export function formatDateTime(date: Date): string {
  const text = date.toISOString();
  if (!/^\d/.test(text)) throw new RangeError(`${text} is not in the years 0 to 9999`);
  return text;
}

/** xs:date */
export function isDate(text: string): boolean {
  const match = DATE.exec(text);
  return match !== null && isDay(match[1], match[2], match[3]);
}

/** xs:time */
export function isTime(text: string): boolean {
  const match = TIME.exec(text);
  return match !== null && isClock(match[1], match[2], match[3], match[4]);
}

/** xs:dateTime */
export function isDateTime(text: string): boolean {
  const match = DATE_TIME.exec(text);
  return match !== null && isDay(match[1], match[2], match[3]) && isClock(match[4], match[5], match[6], match[7]);
}

/** xs:duration */
export function isDuration(text: string): boolean {
  return DURATION.test(text) && !text.endsWith('T');
}

function isDay(yearText = '', monthText = '', dayText = ''): boolean {
  const month = Number(monthText);
  const day = Number(dayText);
  if (month < 1 || month > 12 || day < 1) return false;
  const last = new Date(0);
  last.setUTCFullYear(Number(yearText), month, 0);
  return !Number.isNaN(last.getTime()) && day <= last.getUTCDate();
}

/** 24:00:00 is the end of a day, and the only time in its hour. */
function isClock(hour = '', minute = '', second = '', fraction = ''): boolean {
  if (Number(hour) === 24) return Number(minute) === 0 && Number(second) === 0 && /^\.?0*$/.test(fraction);
  return Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60;
}

/** East of UTC, as the zone says it. */
function zoneMinutes(zone: string): number {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6));
  return zone.startsWith('-') ? -minutes : minutes;
}
