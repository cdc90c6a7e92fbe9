import { type Element, xml } from '@thingward/xml';
import { Jid } from '../jid.ts';
import { NS } from '../namespaces.ts';
import { SaslError } from '../sasl/error.ts';
import { decodeSasl2Offer } from '../sasl2.ts';
import { iq } from '../stanza.ts';
import { StanzaError } from '../stanza-error.ts';
import { StreamError } from '../stream-error.ts';
import type { Account, NegotiatedStream } from './account.ts';
import { authenticate } from './sasl-initiation.ts';
import { type Authenticated, authenticate2, type QuickAttempt, quickAttempt } from './sasl2-initiation.ts';
import { openStream, readElement, readOpening, sendHeader } from './stream-reading.ts';
import type { XmlStream } from './xml-stream.ts';

/**
 * Negotiates a client's stream: header, STARTTLS where the transport has it, SASL, resource binding. With a server that knows
 * XEP-0388 all after TLS takes two round trips, with a token (XEP-0484) one.
 * @throws SaslError, StreamError, StanzaError, PeerError
 * @see RFC 6120 §4.3, §5, §6, §7
 */
export async function negotiate(stream: XmlStream, account: Account): Promise<NegotiatedStream> {
  if (stream.startTls && !stream.isEncrypted) await secure(stream, stream.startTls, account.jid);
  const signedIn = await signIn(stream, account);
  const { session, mechanism } = signedIn;
  if (session) return session;
  const features = await compressed(stream, signedIn.features, account);
  if (!features.child('bind', NS.bind))
    throw new StreamError('unsupported-feature', 'the server offers no resource binding');
  return { jid: await bind(stream, account), mechanism, answers: [] };
}

/** @see RFC 6120 §5 */
export async function secure(stream: XmlStream, startTls: () => Promise<void>, account: Jid): Promise<void> {
  const features = await openStream(stream, account);
  if (!features.child('starttls', NS.tls)) {
    throw new StreamError('unsupported-feature', `${account.domain} offers no TLS on this port`);
  }
  stream.send(xml('starttls', { xmlns: NS.tls }));
  const answer = await readElement(stream);
  if (!answer.is('proceed', NS.tls)) throw new StreamError('unsupported-feature', 'the server refused STARTTLS');
  await startTls();
}

async function signIn(stream: XmlStream, account: Account): Promise<Authenticated> {
  const quick = await quickAttempt(stream, account);
  const features = await openFor(stream, account, quick?.request);
  await quick?.offered(features);
  const done = quick && (await tried(quick, account));
  if (done) return done;
  const offer = decodeSasl2Offer(features);
  if (offer) return authenticate2(stream, features, offer, account);
  const mechanism = await authenticate(stream, features, account);
  return { mechanism, features: await openStream(stream, account.jid), session: undefined };
}

/**
 * Opens the stream that the client signs in on, compressed where that can be.
 * @param early what signs in without waiting, where there is something
 * @returns the features
 */
async function openFor(stream: XmlStream, account: Account, early: Element | undefined): Promise<Element> {
  const { jid, compression } = account;
  const begun = early && (await openCompressed(stream, account, early));
  if (begun) return begun;
  if (!compression?.mayBeOffered(stream)) return openStream(stream, jid, early);
  const features = await compressed(stream, await openStream(stream, jid), account);
  if (early) stream.send(early);
  return features;
}

/** @returns the features of the stream, compressed where that is offered. @see XEP-0138 §4 */
async function compressed(stream: XmlStream, features: Element, { compression, jid }: Account): Promise<Element> {
  const isCompressed = await compression?.negotiate(stream, features, jid);
  return isCompressed ? openStream(stream, jid) : features;
}

/**
 * Opens a stream that is compressed by what was agreed on before, all in one message.
 * @param early sent along, compressed
 * @returns the features; undefined when nothing was agreed on, and the stream was not opened
 */
async function openCompressed(stream: XmlStream, account: Account, early: Element): Promise<Element | undefined> {
  const { compression, jid } = account;
  const confirm = await compression?.begin(stream, jid);
  if (!confirm) return undefined;
  sendHeader(stream, jid);
  stream.send(early);
  await confirm();
  return readOpening(stream);
}

/** @returns undefined when the password is to be tried now. @see XEP-0484 §4.1 */
async function tried(quick: QuickAttempt, { password }: Account): Promise<Authenticated | undefined> {
  try {
    return await quick.finish();
  } catch (error) {
    if (error instanceof SaslError && password !== undefined) return undefined;
    throw error;
  }
}

async function bind(stream: XmlStream, { resource, tag }: Account): Promise<Jid> {
  const name = resource ?? tag;
  const wanted = name === undefined ? undefined : xml('resource', {}, name);
  stream.send(iq('set', { id: 'bind' }, xml('bind', { xmlns: NS.bind }, wanted)));
  const answer: Element = await readElement(stream);
  if (answer.attribute('type') === 'error') throw StanzaError.fromStanza(answer);
  const jid = Jid.tryParse(answer.child('bind', NS.bind)?.child('jid')?.text);
  if (!jid?.isFull) throw new StreamError('bad-format', 'the server bound no full JID');
  return jid;
}
