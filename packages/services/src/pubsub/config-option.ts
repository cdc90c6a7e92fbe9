import { type DataForm, type FormField, type FormFieldType, type FormOption, formValues, Jid } from '@thingward/xmpp';

/** One option of a configuration form: how it is shown, read and written. */
export interface ConfigOption<T> {
  /** Name of its field, such as `pubsub#title`. */
  readonly var: string;
  readonly type: FormFieldType;
  readonly label: string;
  readonly choices?: readonly FormOption[];
  /** @throws OptionError */
  parse(values: readonly string[]): T;
  format(value: T): readonly string[];
}

/** A value that an option can't have; `field` is the option's field. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
  readonly code = 'invalid-option';
  readonly field: string;

  constructor(field: string, message: string) {
    super(`${field}: ${message}`);
    this.field = field;
  }
}

/** Options by the name that their values have in a program. */
export type OptionTable = Readonly<Record<string, ConfigOption<unknown>>>;

/** What the options of a table have as values. */
export type OptionValues<Table> = {
  readonly [Key in keyof Table]: Table[Key] extends ConfigOption<infer T> ? T : never;
};

export function flag(name: string, label: string): ConfigOption<boolean> {
  return {
    var: name,
    type: 'boolean',
    label,
    parse: (values) => {
      const text = single(name, values);
      if (text === '1' || text === 'true') return true;
      if (text === '0' || text === 'false') return false;
      throw new OptionError(name, 'expected true or false');
    },
    format: (value) => [value ? '1' : '0'],
  };
}

/** A line of text; '' for none. */
export function line(name: string, label: string, maxCharacters: number): ConfigOption<string> {
  return {
    var: name,
    type: 'text-single',
    label,
    parse: (values) => {
      const text = values.length === 0 ? '' : single(name, values);
      if (text.length > maxCharacters) throw new OptionError(name, `at most ${maxCharacters} characters are allowed`);
      return text;
    },
    format: (value) => (value === '' ? [] : [value]),
  };
}

export function integer(name: string, label: string, least: number, most: number): ConfigOption<number> {
  return {
    var: name,
    type: 'text-single',
    label,
    parse: (values) => parseInteger(name, single(name, values), least, most),
    format: (value) => [String(value)],
  };
}

/** A number, or `max` for no other limit than that of the service. @see XEP-0060 §12.20 */
export function integerOrMax(name: string, label: string, most: number): ConfigOption<number | 'max'> {
  return {
    var: name,
    type: 'text-single',
    label,
    parse: (values) => {
      const text = single(name, values);
      return text === 'max' ? text : parseInteger(name, text, 1, most);
    },
    format: (value) => [String(value)],
  };
}

/** One of some words; `labels` gives those that can be chosen. */
export function choice<T extends string>(
  name: string,
  label: string,
  labels: Readonly<Partial<Record<T, string>>>,
): ConfigOption<T> {
  return {
    var: name,
    type: 'list-single',
    label,
    choices: choicesOf(labels),
    parse: (values) => oneOf(name, single(name, values), labels),
    format: (value) => [value],
  };
}

/** Any of some words. */
export function choices<T extends string>(
  name: string,
  label: string,
  labels: Readonly<Partial<Record<T, string>>>,
): ConfigOption<readonly T[]> {
  return {
    var: name,
    type: 'list-multi',
    label,
    choices: choicesOf(labels),
    parse: (values) => [...new Set(values.map((value) => oneOf(name, value, labels)))],
    format: (value) => value,
  };
}

/** Words that only the owner knows. */
export function words(
  name: string,
  label: string,
  most: number,
  maxCharacters: number,
): ConfigOption<readonly string[]> {
  return {
    var: name,
    type: 'list-multi',
    label,
    parse: (values) => {
      if (values.length > most) throw new OptionError(name, `at most ${most} values are allowed`);
      if (values.some((value) => value.length > maxCharacters)) {
        throw new OptionError(name, `a value has at most ${maxCharacters} characters`);
      }
      return [...new Set(values)];
    },
    format: (value) => value,
  };
}

export function jids(name: string, label: string, most: number): ConfigOption<readonly string[]> {
  return {
    var: name,
    type: 'jid-multi',
    label,
    parse: (values) => {
      if (values.length > most) throw new OptionError(name, `at most ${most} addresses are allowed`);
      return values.map((value) => {
        const jid = Jid.tryParse(value);
        if (!jid) throw new OptionError(name, `"${value}" is no JID`);
        return jid.toString();
      });
    },
    format: (value) => value,
  };
}

/** The fields of a form to fill in (`form`), or with the values alone (`result`). */
export function optionFields<Table extends OptionTable>(
  table: Table,
  values: OptionValues<Table>,
  formType: string,
  kind: 'form' | 'result',
): FormField[] {
  const fields = Object.entries(table).map(([key, option]): FormField => {
    const given = { var: option.var, values: option.format(values[key]) };
    return kind === 'result'
      ? given
      : { ...given, type: option.type, label: option.label, ...(option.choices ? { options: option.choices } : {}) };
  });
  return [formTypeField(formType), ...fields];
}

export function formTypeField(formType: string): FormField {
  return { var: 'FORM_TYPE', type: 'hidden', values: [formType] };
}

/** What a submitted form says of the options of a table; fields that are none of them are left alone. @throws OptionError */
export function parseOptions<Table extends OptionTable>(table: Table, form: DataForm): Partial<OptionValues<Table>> {
  const given: Record<string, unknown> = {};
  for (const [key, option] of Object.entries(table)) {
    const values = formValues(form, option.var);
    if (values) given[key] = option.parse(values);
  }
  return given as Partial<OptionValues<Table>>;
}

/** A form whose FORM_TYPE is something else says nothing about these options. @throws OptionError */
export function requireFormType(form: DataForm, formType: string): void {
  const [given] = formValues(form, 'FORM_TYPE') ?? [];
  if (given !== formType) throw new OptionError('FORM_TYPE', `expected ${formType}`);
}

function single(name: string, values: readonly string[]): string {
  const [value, ...others] = values;
  if (value === undefined || others.length > 0) throw new OptionError(name, 'expected one value');
  return value;
}

function parseInteger(name: string, text: string, least: number, most: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw new OptionError(name, `expected a number from ${least} to ${most}`);
  return value;
}

function oneOf<T extends string>(name: string, text: string, labels: Readonly<Partial<Record<T, string>>>): T {
  if (!Object.hasOwn(labels, text)) throw new OptionError(name, `expected one of ${Object.keys(labels).join(', ')}`);
  return text as T;
}

function choicesOf(labels: Readonly<Partial<Record<string, string>>>): readonly FormOption[] {
  return Object.entries(labels).map(([value, label]) => ({ value, label }));
}
