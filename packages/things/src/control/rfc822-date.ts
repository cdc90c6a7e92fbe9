const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const ZONES: Readonly<Record<string, string>> = {
  UT: 'Z',
  GMT: 'Z',
  Z: 'Z',
  EST: '-05:00',
  EDT: '-04:00',
  CST: '-06:00',
  CDT: '-05:00',
  MST: '-07:00',
  MDT: '-06:00',
  PST: '-08:00',
  PDT: '-07:00',
};
const DATE =
  /^(?:(?:mon|tue|wed|thu|fri|sat|sun),? +)?(\d{1,2}) +([a-z]{3}) +(\d{4}|\d\d)(?: +(\d\d):(\d\d)(?::(\d\d))?(?: +([a-z]{1,3}|[+-]\d{4}))?)?$/i;

/**
 * A date as in mail headers, such as `Wed, 02 Oct 2002 13:00:00 GMT`, in the lexical form of xs:dateTime; undefined for what is none.
 * Whether there is such a day is for the reader of the result to say.
 * @see RFC 822 §5
 */
export function parseRfc822Date(text: string): string | undefined {
  const match = DATE.exec(text.trim());
  if (!match) return undefined;
  const [, day = '', monthName = '', year = '', hour = '00', minute = '00', second = '00', zone] = match;
  const month = MONTHS.indexOf(monthName.toLowerCase()) + 1;
  const offset = zone === undefined ? '' : (ZONES[zone.toUpperCase()] ?? numericZone(zone));
  if (month === 0 || offset === undefined) return undefined;
  const date = [fullYear(year), String(month).padStart(2, '0'), day.padStart(2, '0')].join('-');
  return `${date}T${hour}:${minute}:${second}${offset}`;
}

/** Of two digits, from 1970 to 2069. */
function fullYear(year: string): string {
  if (year.length === 4) return year;
  return `${Number(year) < 70 ? '20' : '19'}${year}`;
}

function numericZone(zone: string): string | undefined {
  return /^[+-]\d{4}$/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(3)}` : undefined;
}
