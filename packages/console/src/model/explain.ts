import { ControlRefused } from '@thingward/things';
import { JidError, PeerError, SaslError, StanzaError, type StanzaErrorCondition, StreamError } from '@thingward/xmpp';

const MEANINGS: Partial<Record<StanzaErrorCondition, string>> = {
  'feature-not-implemented': 'It does not offer this.',
  forbidden: 'You are not allowed to: it takes requests only from its owner and friends.',
  'item-not-found': 'It is not known there.',
  'not-allowed': 'This is not allowed.',
  'not-authorized': 'You are not authorized.',
  'recipient-unavailable': 'It is offline.',
  'remote-server-not-found': 'Its server was not found.',
  'remote-server-timeout': 'No answer in time.',
  'resource-constraint': 'It is too busy, or there were too many attempts. Wait a while.',
  'service-unavailable': 'It does not offer this, or is offline.',
  'subscription-required': 'It must accept your friendship first.',
};

/** What went wrong, for people; words of the device or server are kept. */
export function explain(error: unknown): string {
  if (error instanceof StanzaError) return error.text ?? MEANINGS[error.condition] ?? words(error.condition);
  if (error instanceof ControlRefused) return error.errors.map(({ message }) => message).join('; ') || error.message;
  if (error instanceof PeerError) return 'The connection to the server was lost.';
  return error instanceof Error ? error.message : String(error);
}

/** Why signing in failed, and what to do about it. */
export function explainSignIn(error: unknown): string {
  if (error instanceof SaslError) return explainRefusal(error);
  if (error instanceof StreamError && error.condition === 'host-unknown') {
    return 'This server does not serve the domain of that address. Check what follows the @.';
  }
  if (error instanceof PeerError) return 'The server does not answer. Is it running?';
  if (error instanceof JidError) return `That is not an address: ${error.message}.`;
  return `Signing in failed: ${explain(error)}`;
}

function explainRefusal({ condition, text }: SaslError): string {
  if (condition === 'not-authorized') return 'The address or the password is wrong.';
  if (condition === 'account-disabled') return 'This account is disabled.';
  if (condition === 'credentials-expired') return 'The password has expired.';
  if (condition === 'temporary-auth-failure')
    return 'The server can’t check passwords right now. Try again in a moment.';
  return `The server refused to sign you in: ${text ?? words(condition)}.`;
}

function words(condition: string): string {
  return condition.replaceAll('-', ' ');
}
