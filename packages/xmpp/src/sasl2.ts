import { type Element, xml } from '@thingward/xml';
import { Jid } from './jid.ts';
import { decodeBase64, encodeBase64 } from './sasl/base64.ts';
import { SaslError } from './sasl/error.ts';
import { StreamError } from './stream-error.ts';

/** @see XEP-0388 */
export const SASL2 = 'urn:xmpp:sasl:2';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** What a client says of itself; the server shows it to nobody else. @see XEP-0388 §2.3 */
export interface UserAgent {
  /** A UUID that stays the same for this installation. */
  readonly id?: string | undefined;
  /** For people. */
  readonly software?: string | undefined;
  readonly device?: string | undefined;
}

/** What a server offers before authentication. @see XEP-0388 §2.1 */
export interface Sasl2Offer {
  readonly mechanisms: readonly string[];
  /** What can be asked for along with the authentication. */
  readonly inline: readonly Element[];
}

/** @see XEP-0388 §2.1 */
export function encodeSasl2Offer({ mechanisms, inline }: Sasl2Offer): Element {
  return xml(
    'authentication',
    { xmlns: SASL2 },
    mechanisms.map((name) => xml('mechanism', {}, name)),
    inline.length > 0 ? xml('inline', {}, inline) : undefined,
  );
}

/** The offer among the stream's features; undefined when there is none. */
export function decodeSasl2Offer(features: Element): Sasl2Offer | undefined {
  const offer = features.child('authentication', SASL2);
  if (!offer) return undefined;
  return {
    mechanisms: offer.childrenNamed('mechanism').map(({ text }) => text),
    inline: offer.child('inline')?.elements ?? [],
  };
}

/** The beginning of an authentication. @see XEP-0388 §2.3 */
export interface Sasl2Request {
  readonly mechanism: string;
  readonly initialResponse?: Uint8Array | undefined;
  readonly userAgent?: UserAgent | undefined;
  /** What is asked for along with it. */
  readonly inline: readonly Element[];
}

export function encodeSasl2Request({ mechanism, initialResponse, userAgent, inline }: Sasl2Request): Element {
  return xml(
    'authenticate',
    { xmlns: SASL2, mechanism },
    initialResponse && xml('initial-response', {}, encodeBase64(initialResponse)),
    userAgent && encodeUserAgent(userAgent),
    inline,
  );
}

/** @throws SaslError `incorrect-encoding`, `malformed-request` */
export function decodeSasl2Request(element: Element): Sasl2Request {
  const initialResponse = element.child('initial-response');
  const userAgent = element.child('user-agent');
  return {
    mechanism: element.attribute('mechanism') ?? '',
    initialResponse: initialResponse && decodeSasl2Data(initialResponse),
    userAgent: userAgent && decodeUserAgent(userAgent),
    inline: element.elements.filter(({ namespace }) => namespace !== SASL2),
  };
}

function encodeUserAgent({ id, software, device }: UserAgent): Element {
  return xml(
    'user-agent',
    { id },
    software === undefined ? undefined : xml('software', {}, software),
    device === undefined ? undefined : xml('device', {}, device),
  );
}

function decodeUserAgent(element: Element): UserAgent {
  const id = element.attribute('id');
  if (id !== undefined && !UUID.test(id)) throw new SaslError('malformed-request', 'the id of a user agent is a UUID');
  return {
    id: id?.toLowerCase(),
    software: element.child('software')?.text,
    device: element.child('device')?.text,
  };
}

/** A challenge or a response. @see XEP-0388 §2.5 */
export function encodeSasl2Data(name: 'challenge' | 'response', data: Uint8Array): Element {
  return xml(name, { xmlns: SASL2 }, encodeBase64(data));
}

/** The data of an element that holds nothing else. @throws SaslError `incorrect-encoding` */
export function decodeSasl2Data(element: Element): Uint8Array<ArrayBuffer> {
  const data = decodeBase64(element.text.trim());
  if (data === undefined) throw new SaslError('incorrect-encoding', 'this is no Base64');
  return data;
}

/** The end of an authentication. @see XEP-0388 §2.6.1 */
export interface Sasl2Success {
  /** Full when a resource was bound. */
  readonly identity: Jid;
  readonly additionalData?: Uint8Array | undefined;
  /** What came of that which was asked for along with it. */
  readonly inline: readonly Element[];
}

export function encodeSasl2Success({ identity, additionalData, inline }: Sasl2Success): Element {
  return xml(
    'success',
    { xmlns: SASL2 },
    additionalData && xml('additional-data', {}, encodeBase64(additionalData)),
    xml('authorization-identifier', {}, identity.toString()),
    inline,
  );
}

/** @throws SaslError `incorrect-encoding`, StreamError `bad-format` */
export function decodeSasl2Success(element: Element): Sasl2Success {
  const identity = Jid.tryParse(element.child('authorization-identifier')?.text.trim());
  if (!identity) throw new StreamError('bad-format', 'the server does not say who was authenticated');
  const additionalData = element.child('additional-data');
  return {
    identity,
    additionalData: additionalData && decodeSasl2Data(additionalData),
    inline: element.elements.filter(({ namespace }) => namespace !== SASL2),
  };
}

/** Names of the steps a server still wants to see. @see XEP-0388 §2.6.3 */
export function decodeSasl2Tasks(element: Element): readonly string[] {
  return (
    element
      .child('tasks')
      ?.childrenNamed('task')
      .map(({ text }) => text) ?? []
  );
}
