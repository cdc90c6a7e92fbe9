import type { Jid } from '../jid.ts';
import { bindingTypes, CHANNEL_BINDING_TYPES, type ChannelBindings, NO_CHANNEL_BINDINGS } from './channel-binding.ts';
import { SaslError } from './error.ts';
import { externalClient, externalServer } from './external.ts';
import type { CredentialStore, SaslClientMechanism, SaslServerMechanism, ScramHash } from './mechanism.ts';
import { plainClient, plainServer } from './plain.ts';
import { type ClientBinding, type ScramPrimitives, scramClient, scramServer } from './scram.ts';

/** Strongest first. */
const SCRAM_HASHES: readonly ScramHash[] = ['SHA-256', 'SHA-1'];

/** What a stream has to offer to a mechanism. */
export interface SaslChannel {
  readonly isEncrypted: boolean;
  readonly bindings?: ChannelBindings | undefined;
  /** Addresses the client's certificate speaks for; undefined where there is none, or none that is believed. */
  readonly certified?: readonly Jid[] | undefined;
}

/** Mechanisms a server offers, strongest first. PLAIN gives the password away, so it needs an encrypted stream. */
export function offeredMechanisms({
  isEncrypted,
  bindings = NO_CHANNEL_BINDINGS,
  certified = [],
}: SaslChannel): readonly string[] {
  const external = certified.length > 0 ? ['EXTERNAL'] : [];
  const plus = bindingTypes(bindings).length > 0 ? SCRAM_HASHES.map((hash) => `SCRAM-${hash}-PLUS`) : [];
  return [...external, ...plus, ...SCRAM_HASHES.map((hash) => `SCRAM-${hash}`), ...(isEncrypted ? ['PLAIN'] : [])];
}

/** The server's side of a mechanism the client chose. @throws SaslError `invalid-mechanism` */
export function serverMechanism(
  name: string,
  store: CredentialStore,
  channel: SaslChannel,
  primitives?: ScramPrimitives,
): SaslServerMechanism {
  if (name === 'PLAIN' && !channel.isEncrypted) {
    throw new SaslError('encryption-required', 'PLAIN is only accepted over TLS');
  }
  if (!offeredMechanisms(channel).includes(name)) {
    throw new SaslError('invalid-mechanism', 'this mechanism was not offered');
  }
  if (name === 'EXTERNAL') return externalServer(channel.certified ?? [], (localpart) => store.exists(localpart));
  if (name === 'PLAIN') return plainServer(store);
  const isPlus = name.endsWith('-PLUS');
  const hash = name.includes('SHA-256') ? 'SHA-256' : 'SHA-1';
  const { bindings = NO_CHANNEL_BINDINGS } = channel;
  return scramServer(hash, store, undefined, primitives, { isPlus, bindings });
}

/** What a client proves its identity with, beside the certificate its connection may have shown. */
export interface Credentials {
  /** Of the account. */
  readonly jid: Jid;
  readonly password?: string | undefined;
}

/**
 * The client's side of the strongest mechanism offered that is acceptable.
 * @param announced ways of channel binding that the server tells of; undefined when it tells nothing
 * @throws SaslError `mechanism-too-weak`
 * @see RFC 5802 §6, XEP-0440 §3
 */
export function clientMechanism(
  offered: readonly string[],
  { jid, password }: Credentials,
  { isEncrypted, bindings = NO_CHANNEL_BINDINGS, certified }: SaslChannel,
  announced?: readonly string[],
): SaslClientMechanism {
  if (certified && offered.includes('EXTERNAL')) return externalClient(jid, certified);
  if (password === undefined)
    throw new SaslError('not-authorized', 'no password is known, and no certificate is taken');
  const username = jid.local ?? '';
  const plus = SCRAM_HASHES.find((hash) => offered.includes(`SCRAM-${hash}-PLUS`));
  const possible = bindingTypes(bindings);
  if (possible.length > 0) checkAnnouncement(plus !== undefined, announced);
  const type = possible.find((candidate) => announced?.includes(candidate) ?? candidate === 'tls-server-end-point');
  if (plus && type) {
    const binding: ClientBinding = { kind: 'bound', type, data: bindings[type] as Uint8Array };
    return scramClient(plus, username, password, undefined, binding);
  }
  const hash = SCRAM_HASHES.find((candidate) => offered.includes(`SCRAM-${candidate}`));
  // A server that binds, but in no way that is possible here, must not be told that it does not (XEP-0440 §3).
  const kind = possible.length > 0 && !plus ? 'unused' : 'none';
  if (hash) return scramClient(hash, username, password, undefined, { kind });
  if (offered.includes('PLAIN') && isEncrypted) return plainClient(username, password);
  throw new SaslError(
    'mechanism-too-weak',
    `the server offers no acceptable mechanism (${offered.join(', ') || 'none'})`,
  );
}

/** Refuses announcements that no honest server makes: something was taken out of them. @throws SaslError @see XEP-0440 §3 */
function checkAnnouncement(offersPlus: boolean, announced: readonly string[] | undefined): void {
  if (announced === undefined) return;
  if (!offersPlus) throw new SaslError('aborted', 'ways of channel binding are announced, but no mechanism that binds');
  const known: readonly string[] = CHANNEL_BINDING_TYPES;
  if (!announced.includes('tls-server-end-point') && !announced.some((type) => known.includes(type))) {
    throw new SaslError('aborted', 'no way of channel binding is announced that every server has');
  }
}
