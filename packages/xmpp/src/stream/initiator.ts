import { type Element, xml } from '@thingward/xml';
import { Jid } from '../jid.ts';
import { NS } from '../namespaces.ts';
import { PeerError } from '../peer.ts';
import { decodeBase64, encodeBase64 } from '../sasl/base64.ts';
import { decodeChannelBindings } from '../sasl/channel-binding.ts';
import { SaslError } from '../sasl/error.ts';
import { clientMechanism } from '../sasl/select.ts';
import { iq } from '../stanza.ts';
import { StanzaError } from '../stanza-error.ts';
import { StreamError } from '../stream-error.ts';
import type { XmlStream } from './xml-stream.ts';

export interface Account {
  /** Bare JID of the account. */
  readonly jid: Jid;
  /** Not needed where the connection shows a certificate. */
  readonly password?: string | undefined;
  /** Asked for; the server may give another. */
  readonly resource?: string | undefined;
}

/**
 * Negotiates a client's stream: header, STARTTLS where the transport has it, SASL, resource binding.
 * @returns the full JID the server bound
 * @throws SaslError, StreamError, StanzaError, PeerError
 * @see RFC 6120 §4.3, §5, §6, §7
 */
export async function negotiate(stream: XmlStream, account: Account): Promise<Jid> {
  let features = await openStream(stream, account.jid.domain);
  if (stream.startTls && !stream.isEncrypted) {
    if (!features.child('starttls', NS.tls)) {
      throw new StreamError('unsupported-feature', `${account.jid.domain} offers no TLS on this port`);
    }
    stream.send(xml('starttls', { xmlns: NS.tls }));
    const answer = await readElement(stream);
    if (!answer.is('proceed', NS.tls)) throw new StreamError('unsupported-feature', 'the server refused STARTTLS');
    await stream.startTls();
    features = await openStream(stream, account.jid.domain);
  }
  await authenticate(stream, features, account);
  features = await openStream(stream, account.jid.domain);
  if (!features.child('bind', NS.bind))
    throw new StreamError('unsupported-feature', 'the server offers no resource binding');
  return bind(stream, account);
}

async function openStream(stream: XmlStream, domain: string): Promise<Element> {
  stream.open(domain);
  const item = await stream.read();
  if (item.kind !== 'open') throw new StreamError('bad-format', 'the server did not open its stream');
  const features = await readElement(stream);
  if (!features.is('features', NS.stream)) throw new StreamError('bad-format', 'expected stream features');
  return features;
}

/** The next element; a stream error is thrown. */
async function readElement(stream: XmlStream): Promise<Element> {
  const item = await stream.read();
  if (item.kind === 'close') throw new PeerError('connection-lost', 'the server closed the stream');
  if (item.kind === 'open') throw new StreamError('bad-format', 'unexpected stream header');
  if (item.element.is('error', NS.stream)) throw StreamError.fromElement(item.element);
  return item.element;
}

async function authenticate(stream: XmlStream, features: Element, account: Account): Promise<void> {
  const offered =
    features
      .child('mechanisms', NS.sasl)
      ?.childrenNamed('mechanism')
      .map(({ text }) => text) ?? [];
  const mechanism = clientMechanism(
    offered,
    account,
    { isEncrypted: stream.isEncrypted, bindings: stream.channelBindings, certified: stream.certified },
    decodeChannelBindings(features),
  );
  const initial = encodeBase64(await mechanism.start());
  stream.send(xml('auth', { xmlns: NS.sasl, mechanism: mechanism.name }, initial || '='));
  for (;;) {
    const answer = await readElement(stream);
    if (answer.is('failure', NS.sasl)) throw SaslError.fromElement(answer);
    const data = decodeBase64(answer.text.trim());
    if (data === undefined) throw new SaslError('incorrect-encoding', 'the server sent no Base64');
    if (answer.is('success', NS.sasl)) {
      await mechanism.finish(data);
      return;
    }
    if (!answer.is('challenge', NS.sasl)) throw new StreamError('bad-format', `unexpected <${answer.name}/> in SASL`);
    const response = await mechanism.respond(data);
    stream.send(xml('response', { xmlns: NS.sasl }, encodeBase64(response)));
  }
}

async function bind(stream: XmlStream, { resource }: Account): Promise<Jid> {
  const wanted = resource === undefined ? undefined : xml('resource', {}, resource);
  stream.send(iq('set', { id: 'bind' }, xml('bind', { xmlns: NS.bind }, wanted)));
  const answer = await readElement(stream);
  if (answer.attribute('type') === 'error') throw StanzaError.fromStanza(answer);
  const jid = Jid.tryParse(answer.child('bind', NS.bind)?.child('jid')?.text);
  if (!jid?.isFull) throw new StreamError('bad-format', 'the server bound no full JID');
  return jid;
}
