import type { ControlParameter, ParameterType } from '../control/parameter.ts';
import type { Field } from '../sensor-data/field.ts';
import { findInterface } from './find-interface.ts';
import type { InterfaceField, InterfaceParameter, InteroperabilityInterface } from './interface.ts';
import { unitNamed } from './units.ts';

/** Where a Thing does not keep what an interface promises. */
export interface InterfaceProblem {
  readonly interface: string;
  readonly code:
    | 'unknown-interface'
    | 'missing-field'
    | 'wrong-field-value'
    | 'wrong-field-type'
    | 'wrong-unit'
    | 'missing-parameter'
    | 'wrong-parameter-type'
    | 'wrong-parameter-range';
  /** Of the field or parameter, as the interface has it; undefined for an interface that is not known. */
  readonly name?: string;
  /** For people: what is there and what there should be. */
  readonly message: string;
}

/** What a Thing has, as far as interfaces ask for it. */
export interface ThingFeatures {
  /** Of a read-out of the Thing; undefined: not known, so that fields are not looked at. */
  readonly fields?: readonly Pick<Field, 'name' | 'types' | 'value'>[] | undefined;
  readonly parameters: readonly ControlParameter[];
}

/** What is wrong with the interfaces that a Thing says it has; nothing where all is well. Interfaces of others are not looked into. */
export function checkInterfaces(names: readonly string[], features: ThingFeatures): readonly InterfaceProblem[] {
  return names.flatMap((name) => {
    const promised = findInterface(name);
    if (promised) return checkInterface(promised, features);
    if (!name.startsWith('XMPP.IoT.')) return [];
    return [{ interface: name, code: 'unknown-interface' as const, message: `there is no interface ${name}` }];
  });
}

/** What of an interface a Thing does not keep. */
export function checkInterface(
  promised: InteroperabilityInterface,
  { fields, parameters }: ThingFeatures,
): readonly InterfaceProblem[] {
  const problems = [
    ...(fields === undefined ? [] : promised.fields.flatMap((field) => checkField(field, fields))),
    ...promised.parameters.flatMap((parameter) => checkParameter(parameter, parameters)),
  ];
  return problems.map((problem) => ({ interface: promised.name, ...problem }));
}

type Problem = Omit<InterfaceProblem, 'interface'>;

function checkField(wanted: InterfaceField, all: NonNullable<ThingFeatures['fields']>): readonly Problem[] {
  const { name, isRequired } = wanted;
  const found = all.filter((field) => isNamed(field.name, name));
  if (found.length === 0) {
    return isRequired ? [{ code: 'missing-field', name, message: `the field "${name}" is missing` }] : [];
  }
  // The same field may come as several kinds: of one at least it must be what was promised.
  const first = found[0] as (typeof found)[number];
  const ofKind = found.filter((field) => field.types.some((type) => wanted.types.includes(type)));
  if (ofKind.length === 0) {
    const message = `the field "${first.name}" is ${first.types.join(', ') || 'of no kind'}, not ${wanted.types.join(' or ')}`;
    return [{ code: 'wrong-field-type', name, message }];
  }
  return ofKind.flatMap((field) => checkValue(wanted, field)).slice(0, 1);
}

function checkValue(wanted: InterfaceField, { name, value }: Pick<Field, 'name' | 'value'>): readonly Problem[] {
  const isNumber = value.type === 'int' || value.type === 'long';
  if (value.type !== wanted.value && !(wanted.value === 'numeric' && isNumber)) {
    const message = `the field "${name}" is ${value.type}, not ${wanted.value}`;
    return [{ code: 'wrong-field-value', name: wanted.name, message }];
  }
  const unit = value.type === 'numeric' ? value.unit : '';
  const category = unitNamed(unit)?.category;
  if (wanted.unit !== undefined && unit !== wanted.unit) {
    return [
      { code: 'wrong-unit', name: wanted.name, message: `the field "${name}" is in "${unit}", not "${wanted.unit}"` },
    ];
  }
  if (wanted.category !== undefined && category !== wanted.category) {
    const message = `the field "${name}" is in "${unit}", which is no unit of ${wanted.category.toLowerCase()}`;
    return [{ code: 'wrong-unit', name: wanted.name, message }];
  }
  return [];
}

function checkParameter(wanted: InterfaceParameter, all: readonly ControlParameter[]): readonly Problem[] {
  const { name, isRequired } = wanted;
  const found = all.filter((parameter) => isNamed(parameter.name, name));
  if (found.length === 0) {
    return isRequired
      ? [{ code: 'missing-parameter', name, message: `the control parameter "${name}" is missing` }]
      : [];
  }
  return found.flatMap((parameter) => checkOne(wanted, parameter)).slice(0, 1);
}

function checkOne(wanted: InterfaceParameter, { name, type, min, max, options }: ControlParameter): readonly Problem[] {
  if (!wanted.types.some((accepted) => isTaken(accepted, type))) {
    const message = `the control parameter "${name}" is ${type}, not ${wanted.types.join(' or ')}`;
    return [{ code: 'wrong-parameter-type', name: wanted.name, message }];
  }
  const wrong = (message: string): readonly Problem[] => [
    { code: 'wrong-parameter-range', name: wanted.name, message: `the control parameter "${name}" ${message}` },
  ];
  const { range } = wanted;
  switch (range.kind) {
    case 'between':
      return min === range.min && max === range.max ? [] : wrong(`has to be from ${range.min} to ${range.max}`);
    case 'positive':
      return type === 'string' || (min !== undefined && min >= 0)
        ? []
        : wrong('has to have a least value of 0 or more');
    case 'form':
      if (range.validation === 'range' && (min === undefined || max === undefined)) {
        return wrong('has to have a least and a greatest value');
      }
      return range.validation === 'list-single' && options === undefined ? wrong('has to have options') : [];
    default:
      return [];
  }
}

/** A number can be given in any of the types of numbers that hold it. */
function isTaken(wanted: ParameterType, type: ParameterType): boolean {
  return (
    wanted === type ||
    (wanted === 'int' && (type === 'long' || type === 'double')) ||
    (wanted === 'long' && type === 'double')
  );
}

/** `%1%` in a name is a number from 1. */
function isNamed(name: string, pattern: string): boolean {
  const [before, after] = pattern.split('%1%');
  if (after === undefined || before === undefined) return name === pattern;
  if (!name.startsWith(before) || !name.endsWith(after) || name.length <= before.length + after.length) return false;
  return /^[1-9]\d*$/.test(name.slice(before.length, name.length - after.length));
}
