import { type Element, xml } from '@thingward/xml';
import { parseDateTime } from './date-time.ts';
import { SaslError } from './sasl/error.ts';

/** @see XEP-0484 */
export const FAST = 'urn:xmpp:fast:0';

/** @see XEP-0484 §3.1 */
export function encodeFastOffer(mechanisms: readonly string[]): Element {
  return xml(
    'fast',
    { xmlns: FAST },
    mechanisms.map((name) => xml('mechanism', {}, name)),
  );
}

/** Mechanisms that take tokens, among what can be asked for along with the authentication. */
export function decodeFastOffer(inline: readonly Element[]): readonly string[] {
  const offer = inline.find((element) => element.is('fast', FAST));
  return offer?.childrenNamed('mechanism').map(({ text }) => text) ?? [];
}

/** Says that a token stands in the place of a password. @see XEP-0484 §3.4, §3.6 */
export interface FastUse {
  /** Which use of the token it is, counted by the client. */
  readonly count?: number | undefined;
  /** Is it the last? */
  readonly invalidate: boolean;
}

export function encodeFastUse({ count, invalidate }: FastUse): Element {
  return xml('fast', { xmlns: FAST, count, invalidate: invalidate || undefined });
}

/** @returns undefined when it is not among the elements @throws SaslError `malformed-request` */
export function decodeFastUse(inline: readonly Element[]): FastUse | undefined {
  const use = inline.find((element) => element.is('fast', FAST));
  if (!use) return undefined;
  const count = use.attribute('count');
  if (count !== undefined && !/^[0-9]{1,9}$/.test(count)) {
    throw new SaslError('malformed-request', 'the count of a token is a small number');
  }
  return {
    count: count === undefined ? undefined : Number(count),
    invalidate: ['true', '1'].includes(use.attribute('invalidate') ?? ''),
  };
}

/** Asks for a token that is good for one mechanism. @see XEP-0484 §3.2 */
export function encodeTokenRequest(mechanism: string): Element {
  return xml('request-token', { xmlns: FAST, mechanism });
}

/** The mechanism a token is asked for; undefined when none is. */
export function decodeTokenRequest(inline: readonly Element[]): string | undefined {
  return inline.find((element) => element.is('request-token', FAST))?.attribute('mechanism');
}

/** A token as its client gets it. @see XEP-0484 §3.3 */
export interface IssuedToken {
  readonly token: string;
  readonly expiresAt: Date;
}

export function encodeToken({ token, expiresAt }: IssuedToken): Element {
  return xml('token', { xmlns: FAST, expiry: expiresAt.toISOString(), token });
}

/** @returns undefined when there is none, or none that could be used */
export function decodeToken(inline: readonly Element[]): IssuedToken | undefined {
  const element = inline.find((candidate) => candidate.is('token', FAST));
  const token = element?.attribute('token');
  const expiresAt = parseDateTime(element?.attribute('expiry'));
  return token && expiresAt ? { token, expiresAt } : undefined;
}
