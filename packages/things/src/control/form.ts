import { Element, xml } from '@thingward/xml';
import {
  type DataForm,
  decodeDynamicFlags,
  decodeFormPages,
  encodeDynamicFlags,
  encodeFormPages,
  type FieldValidation,
  FORM_SESSION_FIELD,
  type FormField,
  type FormPage,
  fieldsOfLayout,
} from '@thingward/xmpp';
import { type ControlParameter, ParameterError, type ParameterType, type ParameterValue } from './parameter.ts';
import { formatParameterValue, parseParameterValue } from './parameter-value.ts';

/** @see XEP-0325; `codec.ts` has it, too, and imports what is here. */
const PARAMETER_GROUP = { name: 'parameterGroup', namespace: 'urn:xmpp:iot:control' } as const;
/** The same in later dialects: their schema calls its attribute `n`, their examples `name`. */
const HARMONIZED_GROUP = /^urn:(?:ieee|nf):iot:ctr:1\.0$/;

/** A parameter with its present value, undefined when that is not known. */
export interface ParameterState {
  readonly parameter: ControlParameter;
  readonly value?: ParameterValue | undefined;
  /** It was submitted, so that its value is well defined. @see XEP-0336 §3.4 */
  readonly isSubmitted?: boolean | undefined;
  /** What is wrong with the value, for people. @see XEP-0336 §3.5 */
  readonly error?: string | undefined;
  /** What was submitted where it is no value. */
  readonly text?: string | undefined;
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
 * The control form as a data form: parameters in their order, with ranges, choices and present values, and on pages where they have some.
 * The unit, for which forms have no place, stands in parentheses after the label, as in the examples of XEP-0325.
 * @param session tells the form from others of the same server
 * @param markGroup how the dialect of the requester marks groups
 * @see XEP-0325 §3.3.1
 */
export function encodeControlForm(
  { title, parameters }: ControlForm,
  session?: string,
  markGroup: (group: string) => Element = encodeGroup,
): DataForm {
  const fields = parameters.map((state) => encodeParameter(state, markGroup));
  const hidden: FormField[] =
    session === undefined ? [] : [{ var: FORM_SESSION_FIELD, type: 'hidden', values: [session] }];
  const pages = encodeFormPages(pagesOf(parameters));
  return { type: 'form', title, fields: [...hidden, ...fields], ...(pages.length > 0 ? { extensions: pages } : {}) };
}

/** None when no parameter has a page; otherwise those that have none stand on one without a label. */
function pagesOf(parameters: readonly ParameterState[]): FormPage[] {
  if (parameters.every(({ parameter }) => parameter.page === undefined)) return [];
  const labels = new Set(parameters.map(({ parameter }) => parameter.page));
  return [...labels].map((label) => ({
    label,
    items: parameters.flatMap(({ parameter }) =>
      parameter.page === label ? [{ kind: 'field' as const, var: parameter.name }] : [],
    ),
  }));
}

function encodeParameter(
  { parameter, value, isSubmitted = false, error, text }: ParameterState,
  markGroup: (group: string) => Element,
): FormField {
  const { name, type, label, description, unit, options, group, readOnly, postBack } = parameter;
  const shown = text ?? (value && formatParameterValue(value));
  return {
    var: name,
    type: options ? 'list-single' : type === 'boolean' ? 'boolean' : 'text-single',
    label: unit === undefined ? label : `${label} (${unit})`,
    description,
    values: shown === undefined ? [] : [shown],
    options,
    validation: { datatype: DATATYPES[type], method: encodeRange(parameter) },
    extensions: [
      // Submitting the form unchanged must not set anything (XEP-0325 §3.3.1).
      ...encodeDynamicFlags({ notSame: !isSubmitted, postBack, readOnly, error }),
      ...(group === undefined ? [] : [markGroup(group)]),
    ],
  };
}

/** @see XEP-0325 §3.3.1 */
export function encodeGroup(name: string): Element {
  return xml(PARAMETER_GROUP.name, { xmlns: PARAMETER_GROUP.namespace, name });
}

/** A control form as it is, but for the marks of its groups: they are those of another dialect. */
export function withGroupMarks(form: Element, markGroup: (group: string) => Element): Element {
  const { name, namespace, attributes } = form;
  const children = form.children.map((child) => {
    if (typeof child === 'string') return child;
    const group = groupMark(child);
    return group === undefined ? withGroupMarks(child, markGroup) : markGroup(group);
  });
  return new Element(name, namespace, attributes, children);
}

/** The name of the group that an element marks; undefined when it marks none. */
function groupMark(element: Element): string | undefined {
  const isHarmonized = element.name === 'pGroup' && HARMONIZED_GROUP.test(element.namespace);
  const isMark = isHarmonized || element.is(PARAMETER_GROUP.name, PARAMETER_GROUP.namespace);
  return isMark ? (element.attribute('name') ?? element.attribute('n')) : undefined;
}

function encodeRange({ min, max, earliest, latest, pattern }: ControlParameter): FieldValidation['method'] {
  if (pattern !== undefined) return { kind: 'regex', pattern };
  const range = { min: earliest ?? min?.toString(), max: latest ?? max?.toString() };
  return range.min === undefined && range.max === undefined ? { kind: 'basic' } : { kind: 'range', ...range };
}

/**
 * What a control form from a device says. Fields that are no parameters (hidden, fixed) are left out, and so is a value that is not
 * of its own type.
 */
export function decodeControlForm(form: DataForm): ControlForm {
  const pages = new Map(
    decodeFormPages(form).flatMap(({ label, items }) => fieldsOfLayout(items).map((name) => [name, label] as const)),
  );
  return {
    title: form.title,
    parameters: form.fields.flatMap((field) => {
      const isParameter = field.var !== undefined && field.type !== 'hidden' && field.type !== 'fixed';
      return isParameter ? [decodeParameter(field.var, field, pages.get(field.var))] : [];
    }),
  };
}

/** The value of the form's session; undefined when it has none. @see XEP-0336 §5.1 */
export function formSession(form: DataForm): string | undefined {
  return form.fields.find((field) => field.var === FORM_SESSION_FIELD)?.values?.[0];
}

function decodeParameter(name: string, field: FormField, page: string | undefined): ParameterState {
  const type = typeOf(field);
  const { readOnly, postBack, error } = decodeDynamicFlags(field);
  const group = groupOf(field);
  const text = field.values?.[0];
  const options = field.options?.map((option) => ({ label: option.label ?? option.value, value: option.value }));
  return {
    parameter: {
      name,
      type,
      ...decodeLabel(field.label ?? name, type),
      ...(field.description === undefined ? {} : { description: field.description }),
      ...decodeBounds(field.validation, type),
      ...(options && options.length > 0 ? { options } : {}),
      ...(page === undefined ? {} : { page }),
      ...(group === undefined ? {} : { group }),
      ...(readOnly ? { readOnly } : {}),
      ...(postBack ? { postBack } : {}),
    },
    value: text === undefined ? undefined : parseParameterValue(type, text),
    ...(error === undefined ? {} : { error }),
  };
}

function groupOf({ extensions = [] }: FormField): string | undefined {
  for (const element of extensions) {
    const group = groupMark(element);
    if (group !== undefined) return group;
  }
  return undefined;
}

function typeOf({ type, validation }: FormField): ParameterType {
  const declared = TYPE_OF_DATATYPE.get(validation?.datatype ?? '');
  return declared ?? (type === 'boolean' ? 'boolean' : 'string');
}

function isNumeric(type: ParameterType): boolean {
  return type === 'int' || type === 'long' || type === 'double';
}

/** Bounds that the type can have; others are left out. */
function decodeBounds(
  validation: FieldValidation | undefined,
  type: ParameterType,
): Pick<ControlParameter, 'min' | 'max' | 'earliest' | 'latest' | 'pattern'> {
  const method = validation?.method;
  if (method?.kind === 'regex') return type === 'string' ? { pattern: method.pattern } : {};
  if (method?.kind !== 'range') return {};
  if (isNumeric(type)) {
    const [min, max] = [decodeBound(method.min), decodeBound(method.max)];
    return { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
  }
  if (type !== 'date' && type !== 'dateTime' && type !== 'time') return {};
  const [earliest, latest] = [method.min, method.max].map((text) =>
    text !== undefined && parseParameterValue(type, text) ? text.trim() : undefined,
  );
  return { ...(earliest === undefined ? {} : { earliest }), ...(latest === undefined ? {} : { latest }) };
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
