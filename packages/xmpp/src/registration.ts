import { type Element, xml } from '@thingward/xml';
import {
  DATA_FORM_NAMESPACE,
  type DataForm,
  DataFormError,
  decodeDataForm,
  encodeDataForm,
  formValues,
} from './data-form.ts';
import { StanzaError } from './stanza-error.ts';

export const REGISTER = 'jabber:iq:register';
/** Stream feature: accounts can be made in band. @see XEP-0077 §8 */
export const REGISTER_FEATURE = 'http://jabber.org/features/iq-register';
/** Stream feature: a token makes an account. @see XEP-0445 §3 */
export const TOKEN_REGISTER_FEATURE = 'urn:xmpp:ibr-token:0';
/** @see XEP-0445 §4, XEP-0379 */
export const PRE_AUTHENTICATION = 'urn:xmpp:pars:0';

/** What a host asks for, or says it has. @see XEP-0077 §3.1 */
export interface RegistrationQuery {
  readonly instructions?: string | undefined;
  /** Set when the asker has an account already. */
  readonly registered?: boolean;
  /** Undefined: not asked for. Empty: to be filled in. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** The same for clients that know forms. */
  readonly form?: DataForm | undefined;
}

export function encodeRegistrationQuery({
  instructions,
  registered = false,
  username,
  password,
  form,
}: RegistrationQuery): Element {
  return xml(
    'query',
    { xmlns: REGISTER },
    registered ? xml('registered') : undefined,
    instructions === undefined ? undefined : xml('instructions', {}, instructions),
    username === undefined ? undefined : xml('username', {}, username),
    password === undefined ? undefined : xml('password', {}, password),
    form && encodeDataForm(form),
  );
}

/** What the host asks for. @throws StanzaError `undefined-condition` */
export function decodeRegistrationQuery(query: Element): RegistrationQuery {
  return {
    instructions: query.child('instructions')?.text,
    registered: query.child('registered') !== undefined,
    username: query.child('username')?.text,
    password: query.child('password')?.text,
    form: formOf(query, 'undefined-condition'),
  };
}

/** What somebody wants of a host where it can register. */
export type RegistrationRequest =
  | { readonly kind: 'remove' }
  /** Make an account or, from one, give it another password. Empty values count as missing. */
  | { readonly kind: 'submit'; readonly username: string | undefined; readonly password: string | undefined };

/** Where a form is given, it counts (XEP-0077 §6). @throws StanzaError `bad-request` */
export function decodeRegistrationRequest(query: Element): RegistrationRequest {
  if (query.child('remove')) {
    if (query.elements.length > 1) throw new StanzaError('bad-request', 'who removes an account says nothing else');
    return { kind: 'remove' };
  }
  const form = formOf(query, 'bad-request');
  const value = (name: string) => (form ? formValues(form, name)?.[0] : query.child(name)?.text) || undefined;
  return { kind: 'submit', username: value('username'), password: value('password') };
}

export function encodeRegistrationRequest(request: RegistrationRequest): Element {
  if (request.kind === 'remove') return xml('query', { xmlns: REGISTER }, xml('remove'));
  return encodeRegistrationQuery(request);
}

/** Shows the token that lets somebody register. @see XEP-0445 §4 */
export function encodePreAuthentication(token: string): Element {
  return xml('preauth', { xmlns: PRE_AUTHENTICATION, token });
}

/** @throws StanzaError `bad-request` */
export function decodePreAuthentication(element: Element): string {
  const token = element.attribute('token');
  if (!token) throw new StanzaError('bad-request', 'a token is needed');
  return token;
}

/** The URI of an invitation to register. @param account a domain, or the address that is to be registered @see XEP-0445 §2 */
export function registrationUri(account: string, token: string): string {
  return `xmpp:${account.replace(/[^\w@.:[\]-]/g, encodeURIComponent)}?register;preauth=${encodeURIComponent(token)}`;
}

/** The URI of an invitation to become a contact. @param letsRegister may who has it make an account there first? @see XEP-0379 §3.2, XEP-0401 §4.1 */
export function rosterUri(account: string, token: string, letsRegister: boolean): string {
  return `${registrationUri(account, token).replace('?register;', '?roster;')}${letsRegister ? ';ibr=y' : ''}`;
}

function formOf(query: Element, condition: 'bad-request' | 'undefined-condition'): DataForm | undefined {
  const form = query.child('x', DATA_FORM_NAMESPACE);
  try {
    return form && decodeDataForm(form);
  } catch (error) {
    if (error instanceof DataFormError) throw new StanzaError(condition, error.message);
    throw error;
  }
}
