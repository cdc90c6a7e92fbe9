import type { CedarValueJson } from './cedar.ts';

/** Types of what policies find in `context`. @see policies/schema.cedarschema, which says the same */
export const CONTEXT_ATTRIBUTES = {
  protocol: 'String',
  name: 'String',
  text: 'String',
  number: 'decimal',
  fieldTypes: 'Set',
  sourceId: 'String',
  cacheType: 'String',
  method: 'String',
  path: 'String',
  function: 'Long',
  unit: 'Long',
  table: 'String',
  address: 'Long',
  lastAddress: 'Long',
  channel: 'Long',
  attribute: 'String',
  indexRange: 'String',
  methodId: 'String',
  argument: 'Long',
  securityMode: 'String',
  userToken: 'String',
  isNested: 'Boolean',
  origin: 'String',
  isEncrypted: 'Boolean',
  authentication: 'Long',
  ip: 'ip',
  isFriend: 'Boolean',
  ownerAllows: 'Boolean',
  time: 'datetime',
  date: 'Long',
  hour: 'Long',
  minuteOfDay: 'Long',
  weekday: 'Long',
  previous: 'decimal',
  change: 'decimal',
  changePerSecond: 'decimal',
  secondsSinceLast: 'Long',
  perMinute: 'Long',
  perHour: 'Long',
  isFirstSeen: 'Boolean',
  isScan: 'Boolean',
  isBurst: 'Boolean',
  isReplay: 'Boolean',
} as const;
export type ContextAttribute = keyof typeof CONTEXT_ATTRIBUTES;
export const CONTEXT_ATTRIBUTE_NAMES = Object.keys(CONTEXT_ATTRIBUTES) as readonly ContextAttribute[];

/** A value as it is asked for: decimals, addresses and times are text. */
export type ContextValue = string | number | boolean | readonly string[];

/** Gives what policies ask about the circumstances, when they ask. Undefined: there is none. */
export type ContextSource = (name: ContextAttribute) => ContextValue | undefined;

/** For Cedar. */
export function contextJson(source: ContextSource, names: Iterable<ContextAttribute>): Record<string, CedarValueJson> {
  const context: Record<string, CedarValueJson> = {};
  for (const name of names) {
    const value = source(name);
    if (value !== undefined) context[name] = valueJson(name, value);
  }
  return context;
}

/** Equal for equal contexts, as far as these attributes go. */
export function contextKey(source: ContextSource, names: Iterable<ContextAttribute>): string {
  let key = '';
  for (const name of names) {
    const value = source(name);
    // A length before each, so that no text can pass for two.
    const text = value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
    key += value === undefined ? '-' : `${text.length}:${text}`;
  }
  return key;
}

function valueJson(name: ContextAttribute, value: ContextValue): CedarValueJson {
  const type = CONTEXT_ATTRIBUTES[name];
  if (type === 'decimal' || type === 'ip' || type === 'datetime') {
    return { __extn: { fn: type, arg: String(value) } };
  }
  return typeof value === 'object' ? [...value] : value;
}

/** A value that is not known yet, for partial decisions. */
export function unknownJson(name: string): CedarValueJson {
  return { __extn: { fn: 'unknown', arg: name } };
}
