import type { SearchOperator } from '@thingward/things';

/** Values from one end to the other; an end that is missing is open. */
export interface Interval<T = string | number> {
  readonly min?: T | undefined;
  readonly minIncluded?: boolean;
  readonly max?: T | undefined;
  readonly maxIncluded?: boolean;
}

/** A mask as its literal parts: what stands between two of them is anything. */
export interface Mask {
  readonly parts: readonly string[];
}

/** What an operator asks of a Thing: a tag of this name and kind whose value is in one of the intervals, and fits the mask. */
export interface Condition {
  readonly kind: 'text' | 'number';
  readonly name: string;
  /** In ascending order; no two of them overlap. */
  readonly intervals: readonly Interval[];
  /** Undefined: the intervals say it all. */
  readonly mask?: Mask;
}

/** @see XEP-0347 §3.15 */
export function conditionOf(operator: SearchOperator): Condition {
  if (operator.operator === 'strMask') return maskCondition(operator);
  const kind = operator.operator.startsWith('str') ? 'text' : 'number';
  return { kind, name: operator.name, intervals: intervalsOf(operator) };
}

function intervalsOf(operator: Exclude<SearchOperator, { operator: 'strMask' }>): readonly Interval[] {
  switch (operator.operator) {
    case 'strEq':
    case 'numEq':
      return [point(operator.value)];
    case 'strNEq':
    case 'numNEq':
      return [{ max: operator.value }, { min: operator.value }];
    case 'strGt':
    case 'numGt':
      return [{ min: operator.value }];
    case 'strGtEq':
    case 'numGtEq':
      return [{ min: operator.value, minIncluded: true }];
    case 'strLt':
    case 'numLt':
      return [{ max: operator.value }];
    case 'strLtEq':
    case 'numLtEq':
      return [{ max: operator.value, maxIncluded: true }];
    case 'strRange':
    case 'numRange':
      return [
        {
          min: operator.min,
          minIncluded: operator.minIncluded !== false,
          max: operator.max,
          maxIncluded: operator.maxIncluded !== false,
        },
      ];
    case 'strNRange':
    case 'numNRange': {
      const below = { max: operator.min, maxIncluded: operator.minIncluded === false };
      const above = { min: operator.max, minIncluded: operator.maxIncluded === false };
      const order = compare(operator.min, operator.max);
      // Where the ends cross, or meet in a value that one of them has, nothing is left between them.
      const isEverything = order > 0 || (order === 0 && (below.maxIncluded || above.minIncluded));
      return isEverything ? [{}] : [below, above];
    }
  }
}

function point(value: string | number): Interval {
  return { min: value, minIncluded: true, max: value, maxIncluded: true };
}

function maskCondition({ name, value, wildcard }: Extract<SearchOperator, { operator: 'strMask' }>): Condition {
  const parts = value.split(wildcard);
  const [prefix = '', ...others] = parts;
  if (others.length === 0) return { kind: 'text', name, intervals: [point(prefix)] };
  const intervals = [prefix === '' ? {} : beginningWith(prefix)];
  // A prefix, then anything: the interval says it all.
  return others.every((part) => part === '')
    ? { kind: 'text', name, intervals }
    : { kind: 'text', name, intervals, mask: { parts } };
}

/** All strings that begin so, in the order of code points. */
function beginningWith(prefix: string): Interval {
  const characters = [...prefix];
  while (characters.length > 0) {
    const last = characters.pop()?.codePointAt(0) ?? 0;
    if (last === 0x10ffff) continue;
    // The surrogates are no characters.
    const next = last === 0xd7ff ? 0xe000 : last + 1;
    return { min: prefix, minIncluded: true, max: characters.join('') + String.fromCodePoint(next) };
  }
  return { min: prefix, minIncluded: true };
}

/** Strings compare by code point, which is the order of their UTF-8. */
function compare(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
}
