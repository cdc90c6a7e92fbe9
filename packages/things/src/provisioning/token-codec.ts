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
export function encodeGetToken(certificate: Uint8Array): Element {
  return binary('getToken', {}, certificate);
}

/** The certificate, in DER. @throws PayloadError */
export function decodeGetToken(element: Element): Uint8Array {
  return bytesOf(element, 'getToken');
}

export function encodeGetTokenChallenge({ sequence, bytes }: NumberedBytes): Element {
  return binary('getTokenChallenge', { seqnr: sequence }, bytes);
}

/** @throws PayloadError */
export function decodeGetTokenChallenge(element: Element): NumberedBytes {
  return numberedBytes(element, 'getTokenChallenge');
}

export function encodeGetTokenChallengeResponse({ sequence, bytes }: NumberedBytes): Element {
  return binary('getTokenChallengeResponse', { seqnr: sequence }, bytes);
}

/** @throws PayloadError */
export function decodeGetTokenChallengeResponse(element: Element): NumberedBytes {
  return numberedBytes(element, 'getTokenChallengeResponse');
}

/** @throws PayloadError for a token that can't be sent */
export function encodeGetTokenResponse(token: string): Element {
  const path = 'getTokenResponse/@token';
  return xml('getTokenResponse', { xmlns: PROVISIONING_NAMESPACE, token: singleToken(token, path) });
}

/** The token. @throws PayloadError */
export function decodeGetTokenResponse(element: Element): string {
  expectElement(element, 'getTokenResponse', PROVISIONING_NAMESPACE);
  return singleToken(requiredAttribute(element, 'token', element.name), `${element.name}/@token`);
}

/** @throws PayloadError for a token that can't be sent */
export function encodeTokenChallenge({ token, bytes }: TokenChallenge): Element {
  return binary('tokenChallenge', { token: singleToken(token, 'tokenChallenge/@token') }, bytes);
}

/** @throws PayloadError */
export function decodeTokenChallenge(element: Element): TokenChallenge {
  const bytes = bytesOf(element, 'tokenChallenge');
  return {
    token: singleToken(requiredAttribute(element, 'token', element.name), `${element.name}/@token`),
    bytes,
  };
}

export function encodeTokenChallengeResponse(bytes: Uint8Array): Element {
  return binary('tokenChallengeResponse', {}, bytes);
}

/** The decrypted challenge. @throws PayloadError */
export function decodeTokenChallengeResponse(element: Element): Uint8Array {
  return bytesOf(element, 'tokenChallengeResponse');
}

function binary(name: string, attributes: Record<string, string | number>, bytes: Uint8Array): Element {
  return xml(name, { xmlns: PROVISIONING_NAMESPACE, ...attributes }, encodeBase64(bytes));
}

function numberedBytes(element: Element, name: string): NumberedBytes {
  const bytes = bytesOf(element, name);
  return { sequence: intAttribute(element, 'seqnr', name), bytes };
}

function bytesOf(element: Element, name: string): Uint8Array {
  expectElement(element, name, PROVISIONING_NAMESPACE);
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
