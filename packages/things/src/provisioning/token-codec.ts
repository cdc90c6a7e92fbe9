import { type Element, xml } from '@thingward/xml';
import { decodeBase64, encodeBase64 } from '@thingward/xmpp';
import { PROVISIONING_NAMESPACE } from '../thing/friend-codec.ts';
import { expectElement, intAttribute, outgoingText, PayloadError, requiredAttribute, valid } from '../thing/payload.ts';

/** Bytes under a number: a challenge that was encrypted, or what it was before. @see XEP-0324 §3.1.3.1 */
export interface NumberedBytes {
  /** 32 bits; tells this challenge from others. */
  readonly sequence: number;
  readonly bytes: Uint8Array;
}

/** `<tokenChallenge/>`: is the one who sent the token allowed to use it? @see XEP-0324 §3.1.3.2 */
export interface TokenChallenge {
  readonly token: string;
  /** Encrypted with the public key of the certificate of the token. */
  readonly bytes: Uint8Array;
}

/** @param certificate in DER */
export function encodeGetToken(certificate: Uint8Array, namespace = PROVISIONING_NAMESPACE): Element {
  return binary('getToken', { xmlns: namespace }, certificate);
}

/** The certificate, in DER. @throws PayloadError */
export function decodeGetToken(element: Element, namespace = PROVISIONING_NAMESPACE): Uint8Array {
  return bytesOf(element, 'getToken', namespace);
}

export function encodeGetTokenChallenge(
  { sequence, bytes }: NumberedBytes,
  namespace = PROVISIONING_NAMESPACE,
): Element {
  return binary('getTokenChallenge', { xmlns: namespace, seqnr: sequence }, bytes);
}

/** @throws PayloadError */
export function decodeGetTokenChallenge(element: Element, namespace = PROVISIONING_NAMESPACE): NumberedBytes {
  return numberedBytes(element, 'getTokenChallenge', namespace);
}

export function encodeGetTokenChallengeResponse(
  { sequence, bytes }: NumberedBytes,
  namespace = PROVISIONING_NAMESPACE,
): Element {
  return binary('getTokenChallengeResponse', { xmlns: namespace, seqnr: sequence }, bytes);
}

/** @throws PayloadError */
export function decodeGetTokenChallengeResponse(element: Element, namespace = PROVISIONING_NAMESPACE): NumberedBytes {
  return numberedBytes(element, 'getTokenChallengeResponse', namespace);
}

/** @throws PayloadError for a token that can't be sent */
export function encodeGetTokenResponse(token: string, namespace = PROVISIONING_NAMESPACE): Element {
  const path = 'getTokenResponse/@token';
  return xml('getTokenResponse', { xmlns: namespace, token: singleToken(token, path) });
}

/** The token. @throws PayloadError */
export function decodeGetTokenResponse(element: Element, namespace = PROVISIONING_NAMESPACE): string {
  expectElement(element, 'getTokenResponse', namespace);
  return singleToken(requiredAttribute(element, 'token', element.name), `${element.name}/@token`);
}

/** @throws PayloadError for a token that can't be sent */
export function encodeTokenChallenge({ token, bytes }: TokenChallenge, namespace = PROVISIONING_NAMESPACE): Element {
  return binary('tokenChallenge', { xmlns: namespace, token: singleToken(token, 'tokenChallenge/@token') }, bytes);
}

/** @throws PayloadError */
export function decodeTokenChallenge(element: Element, namespace = PROVISIONING_NAMESPACE): TokenChallenge {
  const bytes = bytesOf(element, 'tokenChallenge', namespace);
  return {
    token: singleToken(requiredAttribute(element, 'token', element.name), `${element.name}/@token`),
    bytes,
  };
}

export function encodeTokenChallengeResponse(bytes: Uint8Array, namespace = PROVISIONING_NAMESPACE): Element {
  return binary('tokenChallengeResponse', { xmlns: namespace }, bytes);
}

/** The decrypted challenge. @throws PayloadError */
export function decodeTokenChallengeResponse(element: Element, namespace = PROVISIONING_NAMESPACE): Uint8Array {
  return bytesOf(element, 'tokenChallengeResponse', namespace);
}

function binary(name: string, attributes: Record<string, string | number>, bytes: Uint8Array): Element {
  return xml(name, attributes, encodeBase64(bytes));
}

function numberedBytes(element: Element, name: string, namespace: string): NumberedBytes {
  const bytes = bytesOf(element, name, namespace);
  return { sequence: intAttribute(element, 'seqnr', name), bytes };
}

function bytesOf(element: Element, name: string, namespace: string): Uint8Array {
  expectElement(element, name, namespace);
  const text = element.text.replaceAll(/[ \t\r\n]+/g, '');
  return valid(decodeBase64(text), name, 'base64', text);
}

/** Several tokens travel with a space between them, so that none has white space in it. @see XEP-0324 §3.1.5 */
function singleToken(token: string, path: string): string {
  if (token === '' || /\s/.test(token)) {
    throw new PayloadError('invalid-value', path, 'a token is not empty and has no white space');
  }
  return outgoingText(token, path);
}
