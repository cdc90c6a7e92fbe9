import type { CedarValueJson } from './cedar.ts';
import { CONTEXT_ATTRIBUTES, type ContextAttribute, type ContextValue } from './context-attributes.ts';
import type { KnownEntity } from './known-entity.ts';

/** Thrown where a value can't be worked out here: then Cedar decides. It carries nothing, so making it costs nothing. */
export const UNDECIDED = new Error('left to Cedar');

/** A decimal in ten-thousandths, as far as JavaScript counts them exactly. */
export class ConditionDecimal {
  readonly scaled: number;

  constructor(scaled: number) {
    this.scaled = scaled;
  }
}

/** A time, in milliseconds since 1970. */
export class ConditionTime {
  readonly ms: number;

  constructor(ms: number) {
    this.ms = ms;
  }
}

/** A set of strings, or of whole numbers. */
export class ConditionSet {
  readonly members: ReadonlySet<string | number>;

  constructor(members: Iterable<string | number>) {
    this.members = new Set(members);
  }
}

/** An entity, with what is known of it; of one that is not known there are no attributes, and it is in nothing. */
export class ConditionEntity {
  readonly type: string;
  readonly uid: string;
  readonly known: KnownEntity | undefined;

  constructor(type: string, uid: string, known: KnownEntity | undefined) {
    this.type = type;
    this.uid = uid;
    this.known = known;
  }
}

/** What an expression comes to. */
export type ConditionValue =
  | boolean
  | number
  | string
  | ConditionDecimal
  | ConditionTime
  | ConditionSet
  | ConditionEntity;

/** So few digits that nothing is rounded. */
const DECIMAL = /^-?\d{1,8}\.\d{1,4}$/;
/** What Cedar reads as a time, but for those with an offset. @see https://docs.cedarpolicy.com/policies/syntax-datatypes.html#datatype-datetime */
const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{3})?Z)?$/;

/** @throws UNDECIDED for one that is too long */
export function decimalValue(text: string): ConditionDecimal {
  if (!DECIMAL.test(text)) throw UNDECIDED;
  return new ConditionDecimal(Math.round(Number(text) * 10_000));
}

/** @throws UNDECIDED for what is written in another way */
export function timeValue(text: string): ConditionTime {
  const ms = TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw UNDECIDED;
  return new ConditionTime(ms);
}

/** @throws UNDECIDED where JavaScript can't hold it */
export function longValue(value: number): number {
  if (!Number.isSafeInteger(value)) throw UNDECIDED;
  return value;
}

/** What `context` has. @throws UNDECIDED where it can't be worked out here */
export function contextValue(name: ContextAttribute, value: ContextValue): ConditionValue {
  switch (CONTEXT_ATTRIBUTES[name]) {
    case 'String':
      if (typeof value === 'string') return value;
      break;
    case 'Boolean':
      if (typeof value === 'boolean') return value;
      break;
    case 'Long':
      if (typeof value === 'number') return longValue(value);
      break;
    case 'decimal':
      return decimalValue(String(value));
    case 'datetime':
      return timeValue(String(value));
    case 'Set':
      if (typeof value === 'object') return new ConditionSet(value);
  }
  throw UNDECIDED;
}

/** An attribute of an entity. @param entity what is known by a type and an id */
export function attributeValue(
  json: CedarValueJson | undefined,
  entity: (type: string, id: string) => ConditionEntity,
): ConditionValue {
  if (typeof json === 'string' || typeof json === 'boolean') return json;
  if (typeof json === 'number') return longValue(json);
  if (typeof json === 'object' && json !== null && '__entity' in json) {
    const { type, id } = json.__entity as { readonly type: string; readonly id: string };
    return entity(type, id);
  }
  throw UNDECIDED;
}

/** @throws UNDECIDED for values of different types, of which schemas have none */
export function areEqual(left: ConditionValue, right: ConditionValue): boolean {
  if (typeof left !== 'object' || typeof right !== 'object') {
    if (typeof left !== typeof right) throw UNDECIDED;
    return left === right;
  }
  if (left instanceof ConditionEntity && right instanceof ConditionEntity) return left.uid === right.uid;
  if (left instanceof ConditionDecimal && right instanceof ConditionDecimal) return left.scaled === right.scaled;
  if (left instanceof ConditionTime && right instanceof ConditionTime) return left.ms === right.ms;
  if (left instanceof ConditionSet && right instanceof ConditionSet) {
    return left.members.size === right.members.size && [...left.members].every((member) => right.members.has(member));
  }
  throw UNDECIDED;
}
