import type { Jid } from '../jid.ts';
import { anonymousClient, anonymousServer } from './anonymous.ts';
import {
  bindingTypes,
  CHANNEL_BINDING_TYPES,
  type ChannelBindings,
  type ChannelBindingType,
  NO_CHANNEL_BINDINGS,
} from './channel-binding.ts';
import type { Advertisement } from './downgrade-protection.ts';
import { SaslError } from './error.ts';
import { externalClient, externalServer } from './external.ts';
import type { CredentialStore, SaslClientMechanism, SaslServerMechanism, ScramHash } from './mechanism.ts';
import { plainClient, plainServer } from './plain.ts';
import { type ClientBinding, type ScramPrimitives, scramClient, scramServer } from './scram.ts';

/** Strongest first. */
const SCRAM_HASHES: readonly ScramHash[] = ['SHA-256', 'SHA-1'];

/** What is bound to where a server offers to bind, and does not say in what ways: all that know XEP-0440 have it. @see XEP-0440 §3 */
const UNANNOUNCED_TYPE: ChannelBindingType = 'tls-server-end-point';

/** What a stream has to offer to a mechanism. */
export interface SaslChannel {
  readonly isEncrypted: boolean;
  readonly bindings?: ChannelBindings | undefined;
  /** Addresses the client's certificate speaks for; undefined where there is none, or none that is believed. */
  readonly certified?: readonly Jid[] | undefined;
}

/** What a server authenticates with. */
export interface SaslServerMeans {
  readonly credentials: CredentialStore;
  /** Quicker than those of Web Crypto, where there are some. */
  readonly scramPrimitives?: ScramPrimitives | undefined;
  /** Makes an account for somebody who stays nameless, and gives its localpart; undefined where nobody may. @see XEP-0175 */
  readonly anonymous?: (() => Promise<string>) | undefined;
}

/** Mechanisms a server offers, strongest first. PLAIN gives the password away, so it needs an encrypted stream. */
export function offeredMechanisms(
  { isEncrypted, bindings = NO_CHANNEL_BINDINGS, certified = [] }: SaslChannel,
  { anonymous }: Pick<SaslServerMeans, 'anonymous'> = {},
): readonly string[] {
  const external = certified.length > 0 ? ['EXTERNAL'] : [];
  const plus = bindingTypes(bindings).length > 0 ? SCRAM_HASHES.map((hash) => `SCRAM-${hash}-PLUS`) : [];
  return [
    ...external,
    ...plus,
    ...SCRAM_HASHES.map((hash) => `SCRAM-${hash}`),
    ...(isEncrypted ? ['PLAIN'] : []),
    ...(anonymous ? ['ANONYMOUS'] : []),
  ];
}

/** The server's side of a mechanism the client chose. @throws SaslError `invalid-mechanism` */
export function serverMechanism(name: string, channel: SaslChannel, means: SaslServerMeans): SaslServerMechanism {
  const { credentials, scramPrimitives, anonymous } = means;
  if (name === 'PLAIN' && !channel.isEncrypted) {
    throw new SaslError('encryption-required', 'PLAIN is only accepted over TLS');
  }
  const mechanisms = offeredMechanisms(channel, means);
  if (!mechanisms.includes(name)) throw new SaslError('invalid-mechanism', 'this mechanism was not offered');
  if (name === 'EXTERNAL') return externalServer(channel.certified ?? [], (localpart) => credentials.exists(localpart));
  if (name === 'PLAIN') return plainServer(credentials);
  if (name === 'ANONYMOUS' && anonymous) return anonymousServer(anonymous);
  const isPlus = name.endsWith('-PLUS');
  const hash = name.includes('SHA-256') ? 'SHA-256' : 'SHA-1';
  const { bindings = NO_CHANNEL_BINDINGS } = channel;
  const types = bindingTypes(bindings);
  const advertised = { mechanisms, bindingTypes: types.length > 0 ? types : undefined };
  return scramServer(hash, credentials, undefined, scramPrimitives, { isPlus, bindings }, advertised);
}

/** What a client proves its identity with, beside the certificate its connection may have shown. */
export interface Credentials {
  /** Of the account; a domain alone stands for nobody in particular (XEP-0175). */
  readonly jid: Jid;
  readonly password?: string | undefined;
  /** Must the password not be shown to the server, as it needed none before? @see XEP-0474 §6 */
  readonly refusesPlain?: boolean | undefined;
}

/** What a server has told, in a profile. */
export interface ServerOffer extends Advertisement {
  /** XEP-0388 is stricter than RFC 6120. */
  readonly profile: 'sasl' | 'sasl2';
  /** Has it refused a way of channel binding that it did not announce, but that every server of XEP-0440 has? */
  readonly refusedBinding?: boolean | undefined;
}

/**
 * The client's side of the strongest mechanism offered that is acceptable.
 * @throws SaslError `mechanism-too-weak`, `aborted` for offers no honest server makes
 * @see RFC 5802 §6, XEP-0440 §3, XEP-0474 §6
 */
export function clientMechanism(
  offer: ServerOffer,
  { jid, password, refusesPlain }: Credentials,
  { isEncrypted, bindings = NO_CHANNEL_BINDINGS, certified }: SaslChannel,
): SaslClientMechanism {
  const { mechanisms: offered, bindingTypes: announced } = offer;
  if (jid.local === undefined && offered.includes('ANONYMOUS')) return anonymousClient();
  if (certified && offered.includes('EXTERNAL')) return externalClient(jid, certified);
  if (password === undefined)
    throw new SaslError('not-authorized', 'no password is known, and no certificate is taken');
  const username = jid.local ?? '';
  const plus = SCRAM_HASHES.find((hash) => offered.includes(`SCRAM-${hash}-PLUS`));
  const possible = bindingTypes(bindings);
  if (possible.length > 0) checkOffer(offer, plus !== undefined);
  const advertised = { ...offer, needsProof: possible.length > 0 && isSuspicious(announced) };
  const type = possible.find((candidate) => announced?.includes(candidate) ?? candidate === UNANNOUNCED_TYPE);
  const refused = offer.refusedBinding ?? false;
  if (plus && type && !refused) {
    const binding: ClientBinding = { kind: 'bound', type, data: bindings[type] as Uint8Array };
    return scramClient(plus, username, password, undefined, binding, advertised);
  }
  const hash = SCRAM_HASHES.find((candidate) => offered.includes(`SCRAM-${candidate}`));
  // A server that binds, but in no way that is possible here, must not be told that it does not (XEP-0440 §3). One that has refused the way
  // every server has is told: that it does bind after all, it says by refusing, so that somebody in between gains nothing by a refusal.
  const kind = possible.length > 0 && (!plus || refused) ? 'unused' : 'none';
  if (hash) return scramClient(hash, username, password, undefined, { kind }, advertised);
  if (offered.includes('PLAIN') && isEncrypted && !refusesPlain && !advertised.needsProof && !refused) {
    return plainClient(username, password);
  }
  throw new SaslError(
    'mechanism-too-weak',
    `the server offers no acceptable mechanism (${offered.join(', ') || 'none'})`,
  );
}

/** Refuses offers that no honest server makes: something was taken out of them. @throws SaslError @see XEP-0440 §3 */
function checkOffer({ bindingTypes: announced, profile }: ServerOffer, offersPlus: boolean): void {
  if (announced !== undefined && !offersPlus) {
    throw new SaslError('aborted', 'ways of channel binding are announced, but no mechanism that binds');
  }
  if (announced === undefined && offersPlus && profile === 'sasl2') {
    throw new SaslError('aborted', 'mechanisms that bind are offered, but no way of channel binding is announced');
  }
}

/** Is nothing announced that every server has? Then it must prove that it has told so. @see XEP-0440 §3, XEP-0474 §6 */
function isSuspicious(announced: readonly string[] | undefined): boolean {
  const known: readonly string[] = CHANNEL_BINDING_TYPES;
  return (
    announced !== undefined &&
    !announced.includes('tls-server-end-point') &&
    !announced.some((type) => known.includes(type))
  );
}
