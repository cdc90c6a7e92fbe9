import { type Element, xml } from '@thingward/xml';
import { NS } from '../namespaces.ts';
import { decodeBase64, encodeBase64 } from '../sasl/base64.ts';
import { decodeChannelBindings } from '../sasl/channel-binding.ts';
import { SaslError } from '../sasl/error.ts';
import type { SaslClientMechanism } from '../sasl/mechanism.ts';
import { clientMechanism, type SaslChannel } from '../sasl/select.ts';
import { StreamError } from '../stream-error.ts';
import type { Account } from './account.ts';
import { readElement } from './stream-reading.ts';
import type { XmlStream } from './xml-stream.ts';

/** What a stream has to offer to a mechanism. */
export function channelOf({ isEncrypted, channelBindings, certified }: XmlStream): SaslChannel {
  return { isEncrypted, bindings: channelBindings, certified };
}

/**
 * The initiating side of SASL as RFC 6120 carries it.
 * @returns the mechanism
 * @throws SaslError, StreamError
 * @see RFC 6120 §6.4
 */
export async function authenticate(stream: XmlStream, features: Element, account: Account): Promise<string> {
  const mechanisms =
    features
      .child('mechanisms', NS.sasl)
      ?.childrenNamed('mechanism')
      .map(({ text }) => text) ?? [];
  const offer = { mechanisms, bindingTypes: decodeChannelBindings(features), profile: 'sasl' } as const;
  const mechanism = clientMechanism(offer, account, channelOf(stream));
  const first = await begin(stream, mechanism);
  const isGuess = offer.bindingTypes === undefined && mechanism.name.endsWith('-PLUS');
  if (!isGuess || !first.is('failure', NS.sasl)) return complete(stream, mechanism, first);
  // Servers before XEP-0440 may bind to tls-unique alone, which TLS 1.3 does not have: ejabberd up to 23.01 does, and offers it all the same.
  const unbound = clientMechanism({ ...offer, refusedBinding: true }, account, channelOf(stream));
  return complete(stream, unbound, await begin(stream, unbound));
}

/** @returns what the server answers to the first message */
async function begin(stream: XmlStream, mechanism: SaslClientMechanism): Promise<Element> {
  const initial = encodeBase64(await mechanism.start());
  stream.send(xml('auth', { xmlns: NS.sasl, mechanism: mechanism.name }, initial || '='));
  return readElement(stream);
}

async function complete(stream: XmlStream, mechanism: SaslClientMechanism, first: Element): Promise<string> {
  for (let answer = first; ; answer = await readElement(stream)) {
    if (answer.is('failure', NS.sasl)) throw SaslError.fromElement(answer);
    const text = answer.text.trim();
    const data = decodeBase64(text === '=' ? '' : text);
    if (data === undefined) throw new SaslError('incorrect-encoding', 'the server sent no Base64');
    if (answer.is('success', NS.sasl)) {
      await mechanism.finish(data);
      return mechanism.name;
    }
    if (!answer.is('challenge', NS.sasl)) throw new StreamError('bad-format', `unexpected <${answer.name}/> in SASL`);
    const response = await mechanism.respond(data);
    stream.send(xml('response', { xmlns: NS.sasl }, encodeBase64(response)));
  }
}
