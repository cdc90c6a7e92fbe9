const INFINITIES: Readonly<Record<string, number>> = {
  INF: Number.POSITIVE_INFINITY,
  '-INF': Number.NEGATIVE_INFINITY,
};

/** A float with the fewest digits that mean the same float, as XML Schema writes it. @param size 4 or 8 octets */
export function formatFloat(value: number, size: 4 | 8): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'INF' : '-INF';
  if (Object.is(value, -0)) return '-0';
  return String(size === 4 ? shortestSingle(value) : value);
}

/** The number with the fewest digits that a single-precision float can't tell from this one: 0.1, not 0.10000000149011612. */
function shortestSingle(value: number): number {
  const single = Math.fround(value);
  for (let digits = 6; digits < 9; digits++) {
    const shorter = Number(single.toPrecision(digits));
    if (Math.fround(shorter) === single) return shorter;
  }
  return Number(single.toPrecision(9));
}

/** @returns undefined for what is no xs:double */
export function parseFloatText(text: string): number | undefined {
  if (text === 'NaN') return Number.NaN;
  if (Object.hasOwn(INFINITIES, text)) return INFINITIES[text];
  return /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}

/** A time of DNP3 as xs:dateTime. @param time milliseconds since 1970 */
export function formatTime(time: number): string {
  // Years after 9999 have five digits and no sign in XML Schema, six and a sign in JavaScript.
  return new Date(time).toISOString().replace(/^\+0?/, '');
}

/** Milliseconds since 1970; undefined for what is no time in UTC that six octets hold. */
export function parseTime(text: string): number | undefined {
  const match = /^(\d{4,5})(-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z)$/.exec(text);
  if (!match) return undefined;
  const [, year = '', rest = ''] = match;
  const time = Date.parse(`${year.length === 5 ? `+0${year}` : year}${rest}`);
  return time >= 0 && time < 2 ** 48 ? time : undefined;
}
