/** A date and time of XEP-0082 §3.2: a year of four digits or more, a fraction of any length, a zone. */
const DATE_TIME = /^-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** The moment a DateTime of XEP-0082 names, to the millisecond; undefined for what is none. */
export function parseDateTime(text: string | undefined): Date | undefined {
  if (text === undefined || !DATE_TIME.test(text)) return undefined;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
