import { SaslError } from './error.ts';
import type { CredentialStore, SaslClientMechanism, SaslServerMechanism } from './mechanism.ts';
import { plainClient, plainServer } from './plain.ts';
import { type ScramPrimitives, scramClient, scramServer } from './scram.ts';

/** Mechanisms a server offers, strongest first. PLAIN gives the password away, so it needs an encrypted stream. */
export function offeredMechanisms(isEncrypted: boolean): readonly string[] {
  return isEncrypted ? ['SCRAM-SHA-256', 'SCRAM-SHA-1', 'PLAIN'] : ['SCRAM-SHA-256', 'SCRAM-SHA-1'];
}

/** The server's side of a mechanism the client chose. @throws SaslError `invalid-mechanism` */
export function serverMechanism(
  name: string,
  store: CredentialStore,
  isEncrypted: boolean,
  primitives?: ScramPrimitives,
): SaslServerMechanism {
  if (name === 'SCRAM-SHA-256') return scramServer('SHA-256', store, undefined, primitives);
  if (name === 'SCRAM-SHA-1') return scramServer('SHA-1', store, undefined, primitives);
  if (name === 'PLAIN') {
    if (isEncrypted) return plainServer(store);
    throw new SaslError('encryption-required', 'PLAIN is only accepted over TLS');
  }
  throw new SaslError('invalid-mechanism', 'this mechanism was not offered');
}

/** The client's side of the strongest mechanism offered that is acceptable. @throws SaslError `mechanism-too-weak` */
export function clientMechanism(
  offered: readonly string[],
  username: string,
  password: string,
  isEncrypted: boolean,
): SaslClientMechanism {
  if (offered.includes('SCRAM-SHA-256')) return scramClient('SHA-256', username, password);
  if (offered.includes('SCRAM-SHA-1')) return scramClient('SHA-1', username, password);
  if (offered.includes('PLAIN') && isEncrypted) return plainClient(username, password);
  throw new SaslError(
    'mechanism-too-weak',
    `the server offers no acceptable mechanism (${offered.join(', ') || 'none'})`,
  );
}
