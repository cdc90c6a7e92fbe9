export * from './ad-hoc-commands.ts';
export * from './archive.ts';
export * from './archive-preferences.ts';
export * from './bidirectional.ts';
export * from './bind2.ts';
export * from './blocking.ts';
export * from './bosh/binding-error.ts';
export * from './bosh/body.ts';
export * from './capability-hashes.ts';
export * from './caps.ts';
export * from './carbons.ts';
export { type ClientState, XmppClient, type XmppClientOptions } from './client.ts';
export * from './client-state.ts';
export * from './command-session.ts';
export * from './component.ts';
export * from './data-form.ts';
export * from './data-form-layout.ts';
export * from './date-time.ts';
export * from './delay.ts';
export * from './dialback.ts';
export * from './disco.ts';
export * from './dynamic-form.ts';
export * from './entity-time.ts';
export * from './fast.ts';
export * from './forwarding.ts';
export * from './hints.ts';
export * from './host-meta.ts';
export * from './http-upload.ts';
export { asciiDomain } from './idna/domain-name.ts';
export { Jid, JidError } from './jid.ts';
export * from './jid-escaping.ts';
export * from './last-activity.ts';
export { type Logger, SILENT_LOGGER } from './logger.ts';
export { NS } from './namespaces.ts';
export {
  type IqHandler,
  type IqRequest,
  type PayloadPattern,
  PeerError,
  type Received,
  type RequestOptions,
  StanzaDispatcher,
  type Unsubscribe,
  type XmppPeer,
} from './peer.ts';
export { PING, ping, servePing } from './ping.ts';
export { opaqueString, PrecisError, usernameCaseMapped } from './precis/index.ts';
export * from './private-storage.ts';
export * from './pubsub/index.ts';
export { type ConnectionState, ReconnectingPeer, type ReconnectOptions } from './reconnecting-peer.ts';
export * from './registration.ts';
export * from './result-set.ts';
export {
  type Contact,
  decodeRosterItem,
  encodeRosterItem,
  type ResourcePresence,
  ROSTER_VERSIONING,
  Roster,
  type RosterItem,
  type Subscription,
} from './roster.ts';
export { anonymousClient, anonymousServer } from './sasl/anonymous.ts';
export { decodeBase64, encodeBase64 } from './sasl/base64.ts';
export * from './sasl/channel-binding.ts';
export { type Advertisement, advertisementText } from './sasl/downgrade-protection.ts';
export { SASL_ERROR_CONDITIONS, SaslError, type SaslErrorCondition } from './sasl/error.ts';
export {
  hashedTokenClient,
  hashedTokenServer,
  type KnownToken,
  type TokenLookup,
  tokenMechanisms,
} from './sasl/hashed-token.ts';
export type {
  CredentialStore,
  SaslClientMechanism,
  SaslServerMechanism,
  SaslStep,
  ScramHash,
  ScramKeys,
} from './sasl/mechanism.ts';
export {
  deriveScramKeys,
  newScramKeys,
  type ReceivedAdvertisement,
  type ScramPrimitives,
  scramClient,
  scramServer,
  verifyPassword,
} from './sasl/scram.ts';
export {
  clientMechanism,
  offeredMechanisms,
  type SaslChannel,
  type SaslServerMeans,
  type ServerOffer,
  serverMechanism,
} from './sasl/select.ts';
export * from './sasl2.ts';
export * from './software-version.ts';
export {
  type Addressing,
  errorReply,
  type IqType,
  iq,
  iqResult,
  isIqRequest,
  type MessageType,
  message,
  presence,
} from './stanza.ts';
export {
  STANZA_ERROR_CONDITIONS,
  StanzaError,
  type StanzaErrorCondition,
  type StanzaErrorOptions,
  type StanzaErrorType,
} from './stanza-error.ts';
export * from './stanza-ids.ts';
export type { Account, NegotiatedStream } from './stream/account.ts';
export { negotiate } from './stream/initiator.ts';
export { asStreamError, StreamReceiver } from './stream/receiver.ts';
export type {
  ReadySession,
  ReceiverPolicy,
  ReceivingTransport,
  ResumeOutcome,
  StreamCompression,
} from './stream/receiver-policy.ts';
export { registerAccount, type WantedAccount } from './stream/registering.ts';
export type { StreamCompressor } from './stream/stream-compressor.ts';
export type { StreamInput } from './stream/stream-input.ts';
export type { HeldToken, TokenAuthority, TokenClient } from './stream/token-authority.ts';
export { type KeptToken, MemoryTokenKeeper, type TokenKeeper } from './stream/token-keeper.ts';
export type { Connector, StreamItem, XmlStream } from './stream/xml-stream.ts';
export { STREAM_ERROR_CONDITIONS, StreamError, type StreamErrorCondition } from './stream-error.ts';
export * from './stream-management.ts';
export * from './vcard-temp.ts';
