import type { Facets, SimpleType } from './components.ts';

const YEAR = '-?(?:[1-9]\\d{3,}|0\\d{3})';
const MONTH = '(?:0[1-9]|1[0-2])';
const DAY = '(?:0[1-9]|[12]\\d|3[01])';
const TIME = '(?:(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d+)?|24:00:00(?:\\.0+)?)';
const ZONE = '(?:Z|[+-](?:(?:0\\d|1[0-3]):[0-5]\\d|14:00))?';
const DECIMAL = '[+-]?(?:\\d+(?:\\.\\d*)?|\\.\\d+)';

/** The lexical space of each primitive type, as far as a regular expression tells. @see XML Schema Part 2, §3.2 */
const LEXICAL: ReadonlyMap<string, RegExp> = new Map(
  Object.entries({
    boolean: 'true|false|1|0',
    decimal: DECIMAL,
    float: `${DECIMAL}(?:[eE][+-]?\\d+)?|-?INF|NaN`,
    double: `${DECIMAL}(?:[eE][+-]?\\d+)?|-?INF|NaN`,
    duration: '-?P(?=.)(?:\\d+Y)?(?:\\d+M)?(?:\\d+D)?(?:T(?=.)(?:\\d+H)?(?:\\d+M)?(?:\\d+(?:\\.\\d+)?S)?)?',
    dateTime: `${YEAR}-${MONTH}-${DAY}T${TIME}${ZONE}`,
    time: `${TIME}${ZONE}`,
    date: `${YEAR}-${MONTH}-${DAY}${ZONE}`,
    gYearMonth: `${YEAR}-${MONTH}${ZONE}`,
    gYear: `${YEAR}${ZONE}`,
    gMonthDay: `--${MONTH}-${DAY}${ZONE}`,
    gDay: `---${DAY}${ZONE}`,
    gMonth: `--${MONTH}${ZONE}`,
    hexBinary: '(?:[0-9a-fA-F]{2})*',
    base64Binary: '(?:[A-Za-z0-9+/] ?)*(?:= ?){0,2}',
    QName: '[^\\s:]+(?::[^\\s:]+)?',
    NOTATION: '[^\\s:]+(?::[^\\s:]+)?',
  }).map(([name, pattern]) => [name, new RegExp(`^(?:${pattern})$`)]),
);

/** White space as a facet asks for it. @see XML Schema Part 2, §4.3.6 */
export function normaliseWhiteSpace(text: string, whiteSpace: Facets['whiteSpace']): string {
  if (whiteSpace === 'preserve') return text;
  const replaced = text.replace(/[\t\n\r]/g, ' ');
  return whiteSpace === 'replace' ? replaced : replaced.replace(/ +/g, ' ').replace(/^ | $/g, '');
}

/** Is a literal, its white space normalised, one of the type? Patterns are not looked at. */
export function isLiteralOf(type: SimpleType, literal: string): boolean {
  const { variety, facets } = type;
  if (variety.kind === 'union')
    return variety.members.some((member) => isLiteralOf(member, normalised(member, literal)));
  if (variety.kind === 'list') {
    const items = literal === '' ? [] : literal.split(' ');
    return hasLength(facets, items.length) && items.every((item) => isLiteralOf(variety.item, item));
  }
  const { primitive } = variety;
  if (primitive === undefined) return true;
  if (LEXICAL.get(primitive)?.test(literal) === false) return false;
  if (facets.fractionDigits === 0 && primitive === 'decimal' && literal.includes('.')) return false;
  if (isOrdered(primitive)) return isWithin(facets, primitive, literal);
  if (primitive === 'hexBinary') return hasLength(facets, literal.length / 2);
  return primitive === 'string' || primitive === 'anyURI' ? hasLength(facets, [...literal].length) : true;
}

function normalised(type: SimpleType, literal: string): string {
  return normaliseWhiteSpace(literal, type.facets.whiteSpace);
}

function hasLength({ length, minLength, maxLength }: Facets, found: number): boolean {
  return (
    (length === undefined || found === length) &&
    (minLength === undefined || found >= minLength) &&
    (maxLength === undefined || found <= maxLength)
  );
}

/** Is it a primitive type whose literals this module can put in order? */
export function isOrdered(primitive: string | undefined): boolean {
  return primitive === 'decimal' || primitive === 'float' || primitive === 'double';
}

function isWithin(facets: Facets, primitive: string, literal: string): boolean {
  const order = (bound: string) => compareLiterals(primitive, literal, bound);
  return (
    (facets.minInclusive === undefined || order(facets.minInclusive) >= 0) &&
    (facets.maxInclusive === undefined || order(facets.maxInclusive) <= 0) &&
    (facets.minExclusive === undefined || order(facets.minExclusive) > 0) &&
    (facets.maxExclusive === undefined || order(facets.maxExclusive) < 0)
  );
}

/** Below 0 when `a` is less than `b`, 0 when they are equal, above when greater; NaN where a NaN is involved. */
export function compareLiterals(primitive: string, a: string, b: string): number {
  return primitive === 'decimal' ? compareDecimals(a, b) : toNumber(a) - toNumber(b) || (a === b ? 0 : Number.NaN);
}

function toNumber(literal: string): number {
  return Number(literal.replace('INF', 'Infinity'));
}

/** Digits are compared as text, so that a long literal costs no more than its length. */
function compareDecimals(a: string, b: string): number {
  const [left, right] = [decimalParts(a), decimalParts(b)];
  if (left.isNegative !== right.isNegative) return left.isNegative ? -1 : 1;
  const size =
    left.integer.length - right.integer.length ||
    compareText(left.integer, right.integer) ||
    compareText(left.fraction, right.fraction);
  return left.isNegative ? -size : size;
}

function decimalParts(literal: string) {
  const [integer = '', fraction = ''] = literal.replace(/^[+-]/, '').split('.');
  const parts = { integer: integer.replace(/^0+/, ''), fraction: fraction.replace(/0+$/, '') };
  const isZero = parts.integer === '' && parts.fraction === '';
  return { ...parts, isNegative: literal.startsWith('-') && !isZero };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
