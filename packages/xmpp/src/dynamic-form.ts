import { type Element, xml } from '@thingward/xml';
import { type DataForm, DataFormError, decodeDataForm, encodeDataForm, type FormField } from './data-form.ts';

/** @see XEP-0336 */
export const DYNAMIC_FORM_NAMESPACE = 'urn:xmpp:xdata:dynamic';

/** The hidden field that tells forms of one server apart, as the examples of XEP-0336 name it. */
export const FORM_SESSION_FIELD = 'xdd session';

/** What XEP-0336 says of a field beyond its value. @see XEP-0336 §3 */
export interface DynamicFlags {
  /** The value is not well defined, and is not submitted unless it was edited. */
  readonly notSame?: boolean | undefined;
  /** The form is to be posted back when the field was edited. */
  readonly postBack?: boolean | undefined;
  readonly readOnly?: boolean | undefined;
  /** What is wrong with its value, for people. */
  readonly error?: string | undefined;
}

/** The flags as extensions of a field. */
export function encodeDynamicFlags({ notSame, postBack, readOnly, error }: DynamicFlags): Element[] {
  const flag = (name: string, isSet: boolean | undefined) =>
    isSet ? [xml(name, { xmlns: DYNAMIC_FORM_NAMESPACE })] : [];
  return [
    ...flag('notSame', notSame),
    ...flag('postBack', postBack),
    ...flag('readOnly', readOnly),
    ...(error === undefined ? [] : [xml('error', { xmlns: DYNAMIC_FORM_NAMESPACE }, error)]),
  ];
}

export function decodeDynamicFlags({ extensions = [] }: FormField): DynamicFlags {
  const find = (name: string) => extensions.find((element) => element.is(name, DYNAMIC_FORM_NAMESPACE));
  return {
    notSame: find('notSame') !== undefined,
    postBack: find('postBack') !== undefined,
    readOnly: find('readOnly') !== undefined,
    error: find('error')?.text,
  };
}

/** `<submit/>`, a form posted back while it is edited, or `<cancel/>`, one given up. @see XEP-0336 §3.2, §3.6 */
export function encodePostBack(name: 'submit' | 'cancel', form: DataForm): Element {
  return xml(name, { xmlns: DYNAMIC_FORM_NAMESPACE, 'xml:lang': 'en' }, encodeDataForm(form));
}

/** `<updated/>`: a form that changed while it is open. @see XEP-0336 §3.9 */
export interface UpdatedForm {
  /** The field whose value tells which of the open forms it is. */
  readonly sessionVariable: string;
  readonly form: DataForm;
}

export function encodeUpdatedForm({ sessionVariable, form }: UpdatedForm): Element {
  return xml('updated', { xmlns: DYNAMIC_FORM_NAMESPACE, sessionVariable, 'xml:lang': 'en' }, encodeDataForm(form));
}

/** @throws DataFormError */
export function decodeUpdatedForm(element: Element): UpdatedForm {
  if (!element.is('updated', DYNAMIC_FORM_NAMESPACE)) {
    throw new DataFormError(element.name, `expected <updated xmlns='${DYNAMIC_FORM_NAMESPACE}'/>`);
  }
  const sessionVariable = element.attribute('sessionVariable');
  if (sessionVariable === undefined) throw new DataFormError('updated/@sessionVariable', 'the attribute is required');
  return { sessionVariable, form: formIn(element) };
}

/** The form in a `<submit/>` or `<cancel/>`. @throws DataFormError */
export function decodePostBack(name: 'submit' | 'cancel', element: Element): DataForm {
  if (!element.is(name, DYNAMIC_FORM_NAMESPACE)) {
    throw new DataFormError(element.name, `expected <${name} xmlns='${DYNAMIC_FORM_NAMESPACE}'/>`);
  }
  return formIn(element);
}

function formIn(element: Element): DataForm {
  const form = element.child('x', 'jabber:x:data');
  if (!form) throw new DataFormError(element.name, 'there is no form in it');
  return decodeDataForm(form);
}

/** What a user has entered: texts by the names of fields. */
export type FormEdits = ReadonlyMap<string, readonly string[]>;

/**
 * A form that came while another was being edited, with what was entered meanwhile: fields that are gone take what was entered with
 * them, a value that is the same on both sides is no edit any more, and what was edited is well defined.
 * @see XEP-0336 §5.3
 */
export function mergeFormEdits(updated: DataForm, edits: FormEdits): { form: DataForm; edits: FormEdits } {
  const kept = new Map<string, readonly string[]>();
  const fields = updated.fields.map((field) => {
    const edited = field.var === undefined ? undefined : edits.get(field.var);
    if (edited === undefined) return field;
    const isSame = edited.length === field.values?.length && edited.every((value, i) => value === field.values?.[i]);
    if (!isSame) kept.set(field.var as string, edited);
    const extensions = field.extensions?.filter((element) => !element.is('notSame', DYNAMIC_FORM_NAMESPACE));
    return { ...field, values: edited, extensions };
  });
  return { form: { ...updated, fields }, edits: kept };
}
