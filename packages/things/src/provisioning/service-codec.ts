import { type Element, xml } from '@thingward/xml';
import { decodeBase64, encodeBase64 } from '@thingward/xmpp';
import { PROVISIONING_NAMESPACE } from '../thing/friend-codec.ts';
import {
  expectElement,
  optionalOutgoingText,
  outgoingText,
  PayloadError,
  requiredAttribute,
  valid,
} from '../thing/payload.ts';
import { isFiniteDouble } from '../thing/xml-schema-values.ts';
import { resultOf } from './codec.ts';

const TEXT_CREDENTIALS = ['jid', 'ip4', 'ip6', 'hostName', 'userName', 'sso', 'protocol'] as const;
const NUMBER_CREDENTIALS = ['longitude', 'latitude', 'altitude'] as const;
const BINARY_CREDENTIALS = ['x509Certificate', 'x509CertificateThumbprint'] as const;

/**
 * Something a service knows of a user. `other` is the form of the examples, with a type of its own choice.
 * @see XEP-0324 §3.6.2 and its schema
 */
export type Credential =
  | { readonly kind: (typeof TEXT_CREDENTIALS)[number]; readonly value: string }
  | { readonly kind: (typeof NUMBER_CREDENTIALS)[number]; readonly value: number }
  | { readonly kind: (typeof BINARY_CREDENTIALS)[number]; readonly value: Uint8Array }
  | { readonly kind: 'other'; readonly type: string; readonly value: string };

/** `<canAccess/>`: may a user with these credentials use the service? @see XEP-0324 §3.6.2 */
export interface AccessQuestion {
  readonly serviceToken: string;
  readonly credentials: readonly Credential[];
}

/** `<canAccessResponse/>` */
export interface AccessAnswer {
  readonly isAllowed: boolean;
  readonly userToken?: string | undefined;
}

/** A user of a service. */
export interface ServiceUser {
  readonly serviceToken: string;
  readonly userToken: string;
}

/** A full or partial identifier that is granted or not; the first of a list that fits decides. @see XEP-0324 §3.7.1 */
export interface PrivilegeRule {
  readonly kind: 'include' | 'exclude';
  readonly id: string;
}

/** @throws PayloadError for what can't be written */
export function encodeAccessQuestion({ serviceToken, credentials }: AccessQuestion): Element {
  return xml(
    'canAccess',
    { xmlns: PROVISIONING_NAMESPACE, serviceToken: outgoingText(serviceToken, 'canAccess/@serviceToken') },
    credentials.map(encodeCredential),
  );
}

/** Credentials it does not know are passed over. @throws PayloadError */
export function decodeAccessQuestion(element: Element): AccessQuestion {
  expectElement(element, 'canAccess', PROVISIONING_NAMESPACE);
  return {
    serviceToken: requiredAttribute(element, 'serviceToken', 'canAccess'),
    credentials: element.elements.flatMap((child, i) => decodeCredential(child, `canAccess/${child.name}[${i + 1}]`)),
  };
}

/** @throws PayloadError for what can't be written */
export function encodeAccessAnswer({ isAllowed, userToken }: AccessAnswer): Element {
  return xml('canAccessResponse', {
    xmlns: PROVISIONING_NAMESPACE,
    result: isAllowed,
    userToken: optionalOutgoingText(userToken, 'canAccessResponse/@userToken'),
  });
}

/** @throws PayloadError */
export function decodeAccessAnswer(element: Element): AccessAnswer {
  expectElement(element, 'canAccessResponse', PROVISIONING_NAMESPACE);
  return { isAllowed: resultOf(element), userToken: element.attribute('userToken') };
}

/** @throws PayloadError for what can't be written */
export function encodeUserLoggedIn(user: ServiceUser & { readonly userName: string }): Element {
  return xml('userLoggedIn', {
    ...userAttributes('userLoggedIn', user),
    userName: outgoingText(user.userName, 'userLoggedIn/@userName'),
  });
}

/** @throws PayloadError */
export function decodeUserLoggedIn(element: Element): ServiceUser & { readonly userName: string } {
  return { ...userOf(element, 'userLoggedIn'), userName: requiredAttribute(element, 'userName', 'userLoggedIn') };
}

/** @throws PayloadError for what can't be written */
export function encodeHasPrivilege(question: ServiceUser & { readonly privilegeId: string }): Element {
  return xml('hasPrivilege', {
    ...userAttributes('hasPrivilege', question),
    privilegeId: privilegeId(
      outgoingText(question.privilegeId, 'hasPrivilege/@privilegeId'),
      'hasPrivilege/@privilegeId',
    ),
  });
}

/** @throws PayloadError */
export function decodeHasPrivilege(element: Element): ServiceUser & { readonly privilegeId: string } {
  const user = userOf(element, 'hasPrivilege');
  const text = requiredAttribute(element, 'privilegeId', 'hasPrivilege');
  return { ...user, privilegeId: privilegeId(text, 'hasPrivilege/@privilegeId') };
}

export function encodeHasPrivilegeResponse(isGranted: boolean): Element {
  return xml('hasPrivilegeResponse', { xmlns: PROVISIONING_NAMESPACE, result: isGranted });
}

/** Is the privilege granted? @throws PayloadError */
export function decodeHasPrivilegeResponse(element: Element): boolean {
  expectElement(element, 'hasPrivilegeResponse', PROVISIONING_NAMESPACE);
  return resultOf(element);
}

/** @throws PayloadError for what can't be written */
export function encodeDownloadPrivileges(user: ServiceUser): Element {
  return xml('downloadPrivileges', userAttributes('downloadPrivileges', user));
}

/** @throws PayloadError */
export function decodeDownloadPrivileges(element: Element): ServiceUser {
  return userOf(element, 'downloadPrivileges');
}

/** @throws PayloadError for what can't be written */
export function encodePrivileges(rules: readonly PrivilegeRule[]): Element {
  return xml(
    'downloadPrivilegesResponse',
    { xmlns: PROVISIONING_NAMESPACE },
    rules.map(({ kind, id }) => {
      const path = `downloadPrivilegesResponse/${kind}/@id`;
      return xml(kind, { id: privilegeId(outgoingText(id, path), path) });
    }),
  );
}

/** The rules in the order in which they count. @throws PayloadError */
export function decodePrivileges(element: Element): readonly PrivilegeRule[] {
  expectElement(element, 'downloadPrivilegesResponse', PROVISIONING_NAMESPACE);
  return element.elements.flatMap((child, i): PrivilegeRule | readonly PrivilegeRule[] => {
    const { name: kind, namespace } = child;
    if (namespace !== PROVISIONING_NAMESPACE || !(kind === 'include' || kind === 'exclude')) return [];
    const path = `downloadPrivilegesResponse/${kind}[${i + 1}]`;
    return { kind, id: privilegeId(requiredAttribute(child, 'id', path), `${path}/@id`) };
  });
}

/** Do the rules grant a privilege? The first that is for it or for one above it decides; without one it is not granted. @see XEP-0324 §3.7.1 */
export function isPrivilegeGranted(rules: readonly PrivilegeRule[], privilege: string): boolean {
  return rules.find(({ id }) => privilege === id || privilege.startsWith(`${id}.`))?.kind === 'include';
}

function encodeCredential(credential: Credential): Element {
  const path = `canAccess/${credential.kind}/@value`;
  switch (credential.kind) {
    case 'other': {
      const type = outgoingText(credential.type, 'canAccess/credentials/@type');
      return xml('credentials', { type, value: outgoingText(credential.value, 'canAccess/credentials/@value') });
    }
    case 'longitude':
    case 'latitude':
    case 'altitude':
      if (!Number.isFinite(credential.value)) throw new PayloadError('invalid-value', path, 'the number is not finite');
      return xml(credential.kind, { value: credential.value });
    case 'x509Certificate':
    case 'x509CertificateThumbprint':
      return xml(credential.kind, { base64: encodeBase64(credential.value) });
    default:
      return xml(credential.kind, { value: outgoingText(credential.value, path) });
  }
}

function decodeCredential(element: Element, path: string): readonly Credential[] {
  if (element.namespace !== PROVISIONING_NAMESPACE) return [];
  const { name } = element;
  if (name === 'credentials') {
    const type = requiredAttribute(element, 'type', path);
    return [{ kind: 'other', type, value: requiredAttribute(element, 'value', path) }];
  }
  if (isOneOf(TEXT_CREDENTIALS, name)) return [{ kind: name, value: requiredAttribute(element, 'value', path) }];
  if (isOneOf(NUMBER_CREDENTIALS, name)) {
    const text = requiredAttribute(element, 'value', path).trim();
    const value = isFiniteDouble(text) ? Number(text) : undefined;
    return [{ kind: name, value: valid(value, `${path}/@value`, 'a finite number', text) }];
  }
  if (isOneOf(BINARY_CREDENTIALS, name)) {
    const text = requiredAttribute(element, 'base64', path);
    return [{ kind: name, value: valid(decodeBase64(text.trim()), `${path}/@base64`, 'base64', text) }];
  }
  return [];
}

function isOneOf<T extends string>(list: readonly T[], text: string): text is T {
  return (list as readonly string[]).includes(text);
}

function userAttributes(name: string, { serviceToken, userToken }: ServiceUser) {
  return {
    xmlns: PROVISIONING_NAMESPACE,
    serviceToken: outgoingText(serviceToken, `${name}/@serviceToken`),
    userToken: outgoingText(userToken, `${name}/@userToken`),
  };
}

function userOf(element: Element, name: string): ServiceUser {
  expectElement(element, name, PROVISIONING_NAMESPACE);
  return {
    serviceToken: requiredAttribute(element, 'serviceToken', name),
    userToken: requiredAttribute(element, 'userToken', name),
  };
}

function privilegeId(text: string, path: string): string {
  const isId = text.split('.').every((part) => part !== '');
  return valid(isId ? text : undefined, path, 'parts with a full stop between them', text);
}
