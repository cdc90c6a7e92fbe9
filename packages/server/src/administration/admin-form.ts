import type { Element } from '@thingward/xml';
import { commandError, type DataForm, type FormField, formValues, type Jid, StanzaError } from '@thingward/xmpp';
import type { CommandEnd, CommandForm, CommandStep } from '../commands/command.ts';
import type { MaybePromise } from '../hooks.ts';
import { parseAddress } from './administrators.ts';

/** Namespace of the forms and, with `#` and a name, of the commands. @see XEP-0133 §4 */
export const ADMIN = 'http://jabber.org/protocol/admin';

const FORM_TYPE: FormField = { var: 'FORM_TYPE', type: 'hidden', values: [ADMIN] };

/** Accounts that one command may name. */
const MAX_NAMED = 1000;

export interface AdminForm {
  readonly title: string;
  readonly instructions: string;
  readonly fields: readonly FormField[];
}

/** Asks for something. */
export function ask(
  { title, instructions, fields }: AdminForm,
  submit: (form: DataForm, from: Jid) => MaybePromise<CommandStep>,
): CommandForm {
  const form: DataForm = { type: 'form', title, instructions: [instructions], fields: [FORM_TYPE, ...fields] };
  return { kind: 'form', form, submit };
}

/** It is done. */
export function done(text?: string): CommandEnd {
  return text === undefined ? { kind: 'completed' } : { kind: 'completed', notes: [{ type: 'info', text }] };
}

/** It is done, and this is what came of it. */
export function result(fields: readonly FormField[], extensions?: readonly Element[]): CommandEnd {
  return { kind: 'completed', form: { type: 'result', fields: [FORM_TYPE, ...fields], extensions } };
}

/** The value of a required field. @throws StanzaError `bad-payload` */
export function requiredValue(form: DataForm, name: string): string {
  const value = optionalValue(form, name);
  if (value === undefined) throw commandError('bad-payload', `"${name}" is missing`);
  return value;
}

/** The value of a field; undefined when it is empty or missing. */
export function optionalValue(form: DataForm, name: string): string | undefined {
  return formValues(form, name)?.[0] || undefined;
}

/** The lines of a text; undefined when there is none. */
export function textOf(form: DataForm, name: string): string | undefined {
  return formValues(form, name)?.join('\n').trim() || undefined;
}

/** The addresses in a field, each once. @throws StanzaError `bad-payload`, `jid-malformed` */
export function addressesOf(form: DataForm, name: string): readonly Jid[] {
  const texts = (formValues(form, name) ?? []).filter((text) => text.trim() !== '');
  if (texts.length > MAX_NAMED) throw new StanzaError('not-acceptable', `at most ${MAX_NAMED} addresses at a time`);
  return [...new Map(texts.map(parseAddress).map((jid) => [jid.toString(), jid])).values()];
}

/** The field that names one account. */
export function accountField(label: string): FormField {
  return { var: 'accountjid', type: 'jid-single', label, required: true };
}

/** The field that names accounts. */
export function accountsField(label: string): FormField {
  return { var: 'accountjids', type: 'jid-multi', label, required: true };
}
