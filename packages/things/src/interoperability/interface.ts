import type { ParameterType } from '../control/parameter.ts';
import type { FieldType, FieldValue } from '../sensor-data/field.ts';
import type { UnitCategory } from './units.ts';

/** A field that a Thing with an interface has. `%1%` in its name stands for a number: there may be several. */
export interface InterfaceField {
  readonly name: string;
  /** Or is it only that, where the Thing has such a field, it is this one? */
  readonly isRequired: boolean;
  /** The kind it is read as: one of these. */
  readonly types: readonly FieldType[];
  readonly value: FieldValue['type'];
  /** The only unit that its numbers have. */
  readonly unit?: string;
  /** What its unit measures. */
  readonly category?: UnitCategory;
}

/** What a control parameter may be set to. */
export type ParameterRange =
  | { readonly kind: 'any' }
  /** What the control form says. */
  | { readonly kind: 'form'; readonly validation: 'range' | 'regex' | 'list-single' }
  | { readonly kind: 'between'; readonly min: number; readonly max: number }
  | { readonly kind: 'positive' }
  /** A command in the shape of a parameter: only true means something. */
  | { readonly kind: 'command' }
  | { readonly kind: 'characters'; readonly count: number };

/** A control parameter that a Thing with an interface has. */
export interface InterfaceParameter {
  readonly name: string;
  readonly isRequired: boolean;
  /** It takes each of these. */
  readonly types: readonly ParameterType[];
  readonly range: ParameterRange;
}

/** A contract that Things of many makers can keep. @see XEP-0000: Interoperability §3.2 */
export interface InteroperabilityInterface {
  readonly name: string;
  readonly fields: readonly InterfaceField[];
  readonly parameters: readonly InterfaceParameter[];
  /** Queries that a concentrator answers for the node. @see XEP-0326 §3.8 */
  readonly queries?: readonly string[];
}

type FieldConstraint = Pick<InterfaceField, 'unit' | 'category'>;

export function required(
  name: string,
  type: FieldType,
  value: FieldValue['type'],
  constraint: FieldConstraint = {},
): InterfaceField {
  return { name, isRequired: true, types: [type], value, ...constraint };
}

export function optional(
  name: string,
  type: FieldType,
  value: FieldValue['type'],
  constraint: FieldConstraint = {},
): InterfaceField {
  return { ...required(name, type, value, constraint), isRequired: false };
}

const ANY: ParameterRange = { kind: 'any' };

/** A parameter that must be there. */
export function settable(
  name: string,
  types: ParameterType | readonly ParameterType[],
  range: ParameterRange = ANY,
): InterfaceParameter {
  return { name, isRequired: true, types: typeof types === 'string' ? [types] : types, range };
}

/** A parameter that may be there. */
export function maybeSettable(
  name: string,
  types: ParameterType | readonly ParameterType[],
  range: ParameterRange = ANY,
): InterfaceParameter {
  return { ...settable(name, types, range), isRequired: false };
}

export const FORM_RANGE: ParameterRange = { kind: 'form', validation: 'range' };
export const FORM_REGEX: ParameterRange = { kind: 'form', validation: 'regex' };
export const FORM_LIST: ParameterRange = { kind: 'form', validation: 'list-single' };
export const COMMAND: ParameterRange = { kind: 'command' };
export const POSITIVE: ParameterRange = { kind: 'positive' };
export const PERCENT: ParameterRange = { kind: 'between', min: 0, max: 100 };
