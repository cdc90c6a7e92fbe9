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

export function isOneValue({ min, minIncluded, max, maxIncluded }: Interval): boolean {
  return min !== undefined && min === max && minIncluded === true && maxIncluded === true;
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

/** The same as all of them, with those of one tag put into one: a Thing has one value of it. */
export function joined(conditions: readonly Condition[]): readonly Condition[] {
  const byTag = new Map<string, Condition>();
  const others: Condition[] = [];
  for (const condition of conditions) {
    const key = `${condition.kind} ${condition.name}`;
    const present = byTag.get(key);
    if (condition.mask) others.push(condition);
    else if (present) byTag.set(key, { ...present, intervals: common(present.intervals, condition.intervals) });
    else byTag.set(key, condition);
  }
  return [...byTag.values(), ...others];
}

/** What is in an interval of both. */
function common(some: readonly Interval[], others: readonly Interval[]): readonly Interval[] {
  return some.flatMap((one) =>
    others.flatMap((other) => {
      const both = { ...higherMin(one, other), ...lowerMax(one, other) };
      return isEmpty(both) ? [] : [both];
    }),
  );
}

function higherMin(one: Interval, other: Interval): Pick<Interval, 'min' | 'minIncluded'> {
  if (one.min === undefined) return { min: other.min, minIncluded: other.minIncluded ?? false };
  if (other.min === undefined) return { min: one.min, minIncluded: one.minIncluded ?? false };
  const order = compare(one.min, other.min);
  if (order === 0) return { min: one.min, minIncluded: one.minIncluded === true && other.minIncluded === true };
  const { min, minIncluded = false } = order > 0 ? one : other;
  return { min, minIncluded };
}

function lowerMax(one: Interval, other: Interval): Pick<Interval, 'max' | 'maxIncluded'> {
  if (one.max === undefined) return { max: other.max, maxIncluded: other.maxIncluded ?? false };
  if (other.max === undefined) return { max: one.max, maxIncluded: one.maxIncluded ?? false };
  const order = compare(one.max, other.max);
  if (order === 0) return { max: one.max, maxIncluded: one.maxIncluded === true && other.maxIncluded === true };
  const { max, maxIncluded = false } = order < 0 ? one : other;
  return { max, maxIncluded };
}

function isEmpty({ min, minIncluded, max, maxIncluded }: Interval): boolean {
  if (min === undefined || max === undefined) return false;
  const order = compare(min, max);
  return order > 0 || (order === 0 && !(minIncluded && maxIncluded));
}

/** Tags of the same name and kind that do not meet a condition; undefined where no intervals say which they are. */
export function complementOf({ kind, name, intervals, mask }: Condition): Condition | undefined {
  if (mask) return undefined;
  const between: Interval[] = [];
  let end: Pick<Interval, 'min' | 'minIncluded'> | undefined = {};
  for (const { min, minIncluded = false, max, maxIncluded = false } of intervals) {
    if (min !== undefined && end) between.push({ ...end, max: min, maxIncluded: !minIncluded });
    end = max === undefined ? undefined : { min: max, minIncluded: !maxIncluded };
  }
  return { kind, name, intervals: end ? [...between, end] : between };
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
