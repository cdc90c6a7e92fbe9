import { type Element, xml } from '@thingward/xml';
import type { DataForm, FieldValidation, FormField } from '@thingward/xmpp';
import { type ControlParameter, ParameterError, type ParameterType, type ParameterValue } from './parameter.ts';
import { formatParameterValue, parseParameterValue } from './parameter-value.ts';

/** @see XEP-0336 */
const DYNAMIC_FORM_NAMESPACE = 'urn:xmpp:xdata:dynamic';

/** A parameter with its present value, undefined when that is not known. */
export interface ParameterState {
  readonly parameter: ControlParameter;
  readonly value?: ParameterValue | undefined;
}

/** What a control form says. */
export interface ControlForm {
  readonly title?: string | undefined;
  /** In the order they are to be set. */
  readonly parameters: readonly ParameterState[];
}

/** The names that XEP-0122 and XEP-0331 give the types. */
const DATATYPES: Readonly<Record<ParameterType, string>> = {
  boolean: 'xs:boolean',
  color: 'xdc:ColorAlpha',
  date: 'xs:date',
  dateTime: 'xs:dateTime',
  double: 'xs:double',
  duration: 'xs:duration',
  int: 'xs:int',
  long: 'xs:long',
  string: 'xs:string',
  time: 'xs:time',
};

const TYPE_OF_DATATYPE: ReadonlyMap<string, ParameterType> = new Map<string, ParameterType>([
  ...Object.entries(DATATYPES).map(([type, datatype]) => [datatype, type as ParameterType] as const),
  ['xdc:Color', 'color'],
  ['xs:byte', 'int'],
  ['xs:short', 'int'],
  ['xs:integer', 'long'],
  ['xs:decimal', 'double'],
  ['xs:float', 'double'],
]);

/**
 * The control form as a data form: parameters in their order, with ranges, choices and present values.
 * The unit, for which forms have no place, stands in parentheses after the label, as in the examples of XEP-0325.
 * @see XEP-0325 §3.3.1
 */
export function encodeControlForm({ title, parameters }: ControlForm): DataForm {
  return { type: 'form', title, fields: parameters.map(encodeParameter) };
}

function encodeParameter({ parameter, value }: ParameterState): FormField {
  const { name, type, label, description, unit, options } = parameter;
  return {
    var: name,
    type: type === 'boolean' ? 'boolean' : options ? 'list-single' : 'text-single',
    label: unit === undefined ? label : `${label} (${unit})`,
    description,
    values: value === undefined ? [] : [formatParameterValue(value)],
    options,
    validation: { datatype: DATATYPES[type], method: encodeRange(parameter) },
    extensions: [notSame()],
  };
}

function encodeRange({ min, max }: ControlParameter): FieldValidation['method'] {
  if (min === undefined && max === undefined) return { kind: 'basic' };
  return { kind: 'range', min: min?.toString(), max: max?.toString() };
}

/** Submitting the form unchanged must not set anything. @see XEP-0325 §3.3.1, XEP-0336 §3 */
function notSame(): Element {
  return xml('notSame', { xmlns: DYNAMIC_FORM_NAMESPACE });
}

/**
 * What a control form from a device says. Fields that are no parameters (hidden, fixed) are left out, and so is a value that is not
 * of its own type.
 */
export function decodeControlForm(form: DataForm): ControlForm {
  return {
    title: form.title,
    parameters: form.fields.flatMap((field) => {
      const isParameter = field.var !== undefined && field.type !== 'hidden' && field.type !== 'fixed';
      return isParameter ? [decodeParameter(field.var, field)] : [];
    }),
  };
}

function decodeParameter(name: string, field: FormField): ParameterState {
  const type = typeOf(field);
  const { min, max } = decodeRange(field.validation, type);
  const text = field.values?.[0];
  const options = field.options?.map((option) => ({ label: option.label ?? option.value, value: option.value }));
  return {
    parameter: {
      name,
      type,
      ...decodeLabel(field.label ?? name, type),
      ...(field.description === undefined ? {} : { description: field.description }),
      ...(min === undefined ? {} : { min }),
      ...(max === undefined ? {} : { max }),
      ...(options && options.length > 0 && type === 'string' ? { options } : {}),
    },
    value: text === undefined ? undefined : parseParameterValue(type, text),
  };
}

function typeOf({ type, validation }: FormField): ParameterType {
  const declared = TYPE_OF_DATATYPE.get(validation?.datatype ?? '');
  return declared ?? (type === 'boolean' ? 'boolean' : 'string');
}

function isNumeric(type: ParameterType): boolean {
  return type === 'int' || type === 'long' || type === 'double';
}

function decodeRange(
  validation: FieldValidation | undefined,
  type: ParameterType,
): { min?: number | undefined; max?: number | undefined } {
  if (validation?.method.kind !== 'range' || !isNumeric(type)) return {};
  return { min: decodeBound(validation.method.min), max: decodeBound(validation.method.max) };
}

function decodeBound(text: string | undefined): number | undefined {
  const value = text === undefined ? undefined : parseParameterValue('double', text);
  return value === undefined ? undefined : Number(value.value);
}

/** `Fade Time (ms):` is the label `Fade Time` and the unit `ms`. Only numbers have units. */
function decodeLabel(text: string, type: ParameterType): { label: string; unit?: string } {
  const label = text.trim().replace(/:$/, '');
  if (!isNumeric(type) || !label.endsWith(')')) return { label };
  const open = label.lastIndexOf(' (');
  if (open < 1) return { label };
  return { label: label.slice(0, open), unit: label.slice(open + 2, -1) };
}

/**
 * The values that a submitted form asks for, its texts read by the declared types; fields that are no parameters of this Thing, or
 * have no value of their type, as errors. Hidden and fixed fields belong to the form and set nothing.
 * @see XEP-0325 §3.3.3
 */
export function decodeSubmittedForm(
  form: DataForm,
  declared: readonly ControlParameter[],
): { settings: { name: string; value: ParameterValue }[]; errors: ParameterError[] } {
  const settings: { name: string; value: ParameterValue }[] = [];
  const errors: ParameterError[] = [];
  for (const { var: name, type, values } of form.fields) {
    if (name === undefined || type === 'hidden' || type === 'fixed') continue;
    const parameter = declared.find((candidate) => candidate.name === name);
    const text = values?.[0];
    if (parameter === undefined) {
      errors.push(new ParameterError('unknown-parameter', name, 'there is no such parameter'));
      continue;
    }
    const value = text === undefined ? undefined : parseParameterValue(parameter.type, text);
    if (value === undefined) {
      errors.push(new ParameterError('wrong-type', name, `expected a value of type ${parameter.type}`));
    } else {
      settings.push({ name, value });
    }
  }
  return { settings, errors };
}
