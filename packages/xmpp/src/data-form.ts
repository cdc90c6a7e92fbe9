import { type Element, xml } from '@thingward/xml';

export const DATA_FORM_NAMESPACE = 'jabber:x:data';
export const DATA_FORM_VALIDATION_NAMESPACE = 'http://jabber.org/protocol/xdata-validate';

/** What a form is for. @see XEP-0004 §3.1 */
export const DATA_FORM_TYPES = ['form', 'submit', 'cancel', 'result'] as const;
export type DataFormType = (typeof DATA_FORM_TYPES)[number];

/** How a field is shown, and how many values it has. @see XEP-0004 §3.3 */
export const FORM_FIELD_TYPES = [
  'boolean',
  'fixed',
  'hidden',
  'jid-multi',
  'jid-single',
  'list-multi',
  'list-single',
  'text-multi',
  'text-private',
  'text-single',
] as const;
export type FormFieldType = (typeof FORM_FIELD_TYPES)[number];

/** One of the choices of a list field. */
export interface FormOption {
  readonly label?: string | undefined;
  readonly value: string;
}

/** What a value must be beyond its datatype. @see XEP-0122 §3.2 */
export type ValidationMethod =
  | { readonly kind: 'basic' | 'open' }
  | { readonly kind: 'range'; readonly min?: string | undefined; readonly max?: string | undefined }
  | { readonly kind: 'regex'; readonly pattern: string };

/** What the values of a field must be. @see XEP-0122 */
export interface FieldValidation {
  /** Like `xs:int`: with the prefix, which is part of the registered name. */
  readonly datatype: string;
  readonly method: ValidationMethod;
  /** How many values of a `list-multi` may be chosen. */
  readonly listRange?: { readonly min?: number | undefined; readonly max?: number | undefined } | undefined;
}

/** A field of a form. @see XEP-0004 §3.2 */
export interface FormField {
  /** Its name; only `fixed` fields have none. */
  readonly var?: string | undefined;
  /** Undefined: not said; `text-single` in a form to fill in. */
  readonly type?: FormFieldType | undefined;
  readonly label?: string | undefined;
  readonly description?: string | undefined;
  readonly required?: boolean | undefined;
  readonly values?: readonly string[] | undefined;
  readonly options?: readonly FormOption[] | undefined;
  readonly validation?: FieldValidation | undefined;
  /** Child elements of other specifications, carried as they are. */
  readonly extensions?: readonly Element[] | undefined;
}

/** A data form. @see XEP-0004 */
export interface DataForm {
  readonly type: DataFormType;
  readonly title?: string | undefined;
  readonly instructions?: readonly string[] | undefined;
  readonly fields: readonly FormField[];
  /** Of a table of results: its columns. @see XEP-0004 §3.4 */
  readonly reported?: readonly FormField[] | undefined;
  /** Of a table of results: its rows. */
  readonly items?: readonly (readonly FormField[])[] | undefined;
  /** Child elements of other specifications, carried as they are. */
  readonly extensions?: readonly Element[] | undefined;
}

/** An element that is no data form; `path` says where in it. */
export class DataFormError extends Error {
  override readonly name = 'DataFormError';
  readonly code = 'malformed-form';
  readonly path: string;

  constructor(path: string, message: string) {
    super(`${path}: ${message}`);
    this.path = path;
  }
}

/** The form as `<x xmlns='jabber:x:data'/>`. */
export function encodeDataForm(form: DataForm): Element {
  return xml(
    'x',
    { xmlns: DATA_FORM_NAMESPACE, type: form.type },
    form.title === undefined ? undefined : xml('title', {}, form.title),
    form.instructions?.map((line) => xml('instructions', {}, line)),
    form.reported && xml('reported', {}, form.reported.map(encodeField)),
    form.fields.map(encodeField),
    form.items?.map((fields) => xml('item', {}, fields.map(encodeField))),
    form.extensions,
  );
}

function encodeField(field: FormField): Element {
  return xml(
    'field',
    { var: field.var, type: field.type, label: field.label },
    field.description === undefined ? undefined : xml('desc', {}, field.description),
    field.required ? xml('required') : undefined,
    field.values?.map((value) => xml('value', {}, value)),
    field.options?.map(({ label, value }) => xml('option', { label }, xml('value', {}, value))),
    field.validation && encodeValidation(field.validation),
    field.extensions,
  );
}

function encodeValidation({ datatype, method, listRange }: FieldValidation): Element {
  return xml(
    'validate',
    { xmlns: DATA_FORM_VALIDATION_NAMESPACE, datatype },
    encodeMethod(method),
    listRange && xml('list-range', { min: listRange.min, max: listRange.max }),
  );
}

function encodeMethod(method: ValidationMethod): Element {
  switch (method.kind) {
    case 'range':
      return xml('range', { min: method.min, max: method.max });
    case 'regex':
      return xml('regex', {}, method.pattern);
    default:
      return xml(method.kind);
  }
}

/**
 * Reads `<x xmlns='jabber:x:data'/>`. A field type that it does not know counts as `text-single` (XEP-0004 §3.3).
 * @throws DataFormError
 */
export function decodeDataForm(element: Element): DataForm {
  if (!element.is('x', DATA_FORM_NAMESPACE)) {
    throw new DataFormError(element.name, `expected <x xmlns='${DATA_FORM_NAMESPACE}'/>`);
  }
  const type = element.attribute('type');
  if (!isOneOf(DATA_FORM_TYPES, type)) {
    throw new DataFormError('x/@type', `expected one of ${DATA_FORM_TYPES.join(', ')}, got ${quote(type)}`);
  }
  const reported = element.child('reported');
  return {
    type,
    title: element.child('title')?.text,
    instructions: element.childrenNamed('instructions').map((line) => line.text),
    fields: decodeFields(element, 'x'),
    reported: reported && decodeFields(reported, 'x/reported'),
    items: element.childrenNamed('item').map((item, i) => decodeFields(item, `x/item[${i + 1}]`)),
    extensions: element.elements.filter((child) => child.namespace !== DATA_FORM_NAMESPACE),
  };
}

function decodeFields(parent: Element, path: string): FormField[] {
  return parent.childrenNamed('field').map((field, i) => decodeField(field, `${path}/field[${i + 1}]`));
}

function decodeField(element: Element, path: string): FormField {
  const name = element.attribute('var');
  const given = element.attribute('type');
  if (name === undefined && given !== 'fixed') throw new DataFormError(`${path}/@var`, 'only a fixed field has no var');
  const validation = element.child('validate', DATA_FORM_VALIDATION_NAMESPACE);
  return {
    var: name,
    type: given === undefined ? undefined : isOneOf(FORM_FIELD_TYPES, given) ? given : 'text-single',
    label: element.attribute('label'),
    description: element.child('desc')?.text,
    required: element.child('required') !== undefined,
    values: element.childrenNamed('value').map((value) => value.text),
    options: element.childrenNamed('option').map((option, i) => {
      const value = option.child('value');
      if (value === undefined) throw new DataFormError(`${path}/option[${i + 1}]`, 'an option needs a value');
      return { label: option.attribute('label'), value: value.text };
    }),
    validation: validation && decodeValidation(validation, `${path}/validate`),
    extensions: element.elements.filter((child) => child.namespace !== DATA_FORM_NAMESPACE && child !== validation),
  };
}

function decodeValidation(element: Element, path: string): FieldValidation {
  const listRange = element.child('list-range');
  return {
    datatype: element.attribute('datatype') ?? 'xs:string',
    method: decodeMethod(element),
    listRange: listRange && {
      min: positiveInteger(listRange, 'min', `${path}/list-range`),
      max: positiveInteger(listRange, 'max', `${path}/list-range`),
    },
  };
}

/** A method it does not know is taken as `basic`, which is what no method at all means (XEP-0122 §3.2). */
function decodeMethod(element: Element): ValidationMethod {
  const range = element.child('range');
  if (range) return { kind: 'range', min: range.attribute('min'), max: range.attribute('max') };
  const regex = element.child('regex');
  if (regex) return { kind: 'regex', pattern: regex.text };
  return { kind: element.child('open') ? 'open' : 'basic' };
}

function positiveInteger(element: Element, name: string, path: string): number | undefined {
  const text = element.attribute(name);
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new DataFormError(`${path}/@${name}`, `expected a number, got ${quote(text)}`);
  return Number(text);
}

/** The values of the field of this name; undefined when the form has no such field. */
export function formValues(form: DataForm, name: string): readonly string[] | undefined {
  const field = form.fields.find((candidate) => candidate.var === name);
  return field && (field.values ?? []);
}

function isOneOf<T extends string>(choices: readonly T[], text: string | undefined): text is T {
  return text !== undefined && (choices as readonly string[]).includes(text);
}

function quote(text: string | undefined): string {
  return text === undefined ? 'none' : JSON.stringify(text.slice(0, 40));
}
