import type { Element } from '@thingward/xml';
import { xml } from '@thingward/xml';
import type { Jid } from '../jid.ts';
import {
  decodeRegistrationQuery,
  encodePreAuthentication,
  encodeRegistrationRequest,
  REGISTER,
  REGISTER_FEATURE,
  TOKEN_REGISTER_FEATURE,
} from '../registration.ts';
import { iq } from '../stanza.ts';
import { StanzaError } from '../stanza-error.ts';
import { secure } from './initiator.ts';
import { openStream, readElement } from './stream-reading.ts';
import type { XmlStream } from './xml-stream.ts';

/** An account that is to be made. */
export interface WantedAccount {
  readonly jid: Jid;
  readonly password: string;
  /** Of an invitation, where one is needed. @see XEP-0445 §2 */
  readonly token?: string | undefined;
}

/**
 * Makes an account on a stream on which nobody has signed in. The stream is of no use afterwards.
 * @throws StanzaError `conflict` when there is such an account, `feature-not-implemented` where the server makes none, and what it refuses with; StreamError, PeerError
 * @see XEP-0077 §3.1, XEP-0445 §4
 */
export async function registerAccount(stream: XmlStream, { jid, password, token }: WantedAccount): Promise<void> {
  const domain = jid.domain;
  if (stream.startTls && !stream.isEncrypted) await secure(stream, stream.startTls, jid);
  const features = await openStream(stream, jid);
  if (!features.child('register', REGISTER_FEATURE) && !features.child('register', TOKEN_REGISTER_FEATURE)) {
    throw new StanzaError('feature-not-implemented', `${domain} makes no accounts in band`);
  }
  if (token !== undefined) await ask(stream, 'preauth', 'set', encodePreAuthentication(token));
  const asked = await ask(stream, 'fields', 'get', xml('query', { xmlns: REGISTER }));
  const fields = asked.child('query', REGISTER);
  const query = fields && decodeRegistrationQuery(fields);
  const isEnough = query?.form !== undefined || (query?.username !== undefined && query.password !== undefined);
  if (!isEnough) throw new StanzaError('not-allowed', `${domain} says: ${query?.instructions ?? 'nothing'}`);
  await ask(stream, 'register', 'set', encodeRegistrationRequest({ kind: 'submit', username: jid.local, password }));
}

async function ask(stream: XmlStream, id: string, type: 'get' | 'set', payload: Element): Promise<Element> {
  stream.send(iq(type, { id }, payload));
  const answer = await readElement(stream);
  if (answer.attribute('type') === 'error') throw StanzaError.fromStanza(answer);
  return answer;
}
