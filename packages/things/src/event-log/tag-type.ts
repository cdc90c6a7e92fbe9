import { isDate, isDateTime, isDuration, isTime, parseBoolean, parseInt64 } from '../thing/xml-schema-values.ts';

const DOUBLE = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|-?INF|NaN)$/;
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/;
const LANGUAGE = /^[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*$/;

function between(least: bigint, most: bigint) {
  return (text: string): boolean => {
    const value = parseInt64(text);
    return value !== undefined && value >= least && value <= most;
  };
}

/**
 * Types of tags, as the registrar lists them for data forms, and what their values look like.
 * @see XEP-0337 §5.9, XEP-0122 §7.4
 */
const TAG_TYPES = {
  'xs:string': () => true,
  'xs:anyURI': (text: string) => !/[\s<>"{}|\\^`]/.test(text),
  'xs:language': (text: string) => LANGUAGE.test(text),
  'xs:boolean': (text: string) => parseBoolean(text) !== undefined,
  'xs:byte': between(-128n, 127n),
  'xs:short': between(-32_768n, 32_767n),
  'xs:int': between(-(2n ** 31n), 2n ** 31n - 1n),
  'xs:long': between(-(2n ** 63n), 2n ** 63n - 1n),
  'xs:integer': (text: string) => /^[+-]?\d+$/.test(text),
  'xs:decimal': (text: string) => DECIMAL.test(text),
  'xs:double': (text: string) => DOUBLE.test(text),
  'xs:date': isDate,
  'xs:dateTime': isDateTime,
  'xs:time': isTime,
  'xs:duration': isDuration,
} as const satisfies Record<string, (text: string) => boolean>;

export type TagType = keyof typeof TAG_TYPES;

export function isTagType(text: string): text is TagType {
  return Object.hasOwn(TAG_TYPES, text);
}

/** White space around a value means nothing but in texts. */
export function isTagValue(type: TagType, text: string): boolean {
  return TAG_TYPES[type](type === 'xs:string' ? text : text.trim());
}
