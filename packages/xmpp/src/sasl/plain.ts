import { encodeUtf8 } from '@thingward/xml';
import { SaslError } from './error.ts';
import type { CredentialStore, SaslClientMechanism, SaslServerMechanism } from './mechanism.ts';
import { verifyPassword } from './scram.ts';

/** The client's side. Only for encrypted streams. @see RFC 4616 */
export function plainClient(username: string, password: string): SaslClientMechanism {
  return {
    name: 'PLAIN',
    async start() {
      return encodeUtf8(`\0${username}\0${password}`);
    },
    async respond() {
      throw new SaslError('malformed-request', 'PLAIN has no challenges');
    },
    async finish() {},
  };
}

/** The server's side. @see RFC 4616 */
export function plainServer(store: CredentialStore): SaslServerMechanism {
  return {
    name: 'PLAIN',
    async step(message) {
      const parts = new TextDecoder().decode(message).split('\0');
      const [authzid, username, password] = parts;
      if (parts.length !== 3 || !username || !password)
        throw new SaslError('malformed-request', 'this is no PLAIN message');
      const keys = await store.scramKeys(username, 'SHA-256');
      const localpart = store.localpart(username);
      if (!(await verifyPassword(password, keys, 'SHA-256')) || localpart === undefined) {
        throw new SaslError('not-authorized', 'wrong user name or password');
      }
      if (authzid && !store.isAddressOf?.(authzid, localpart)) {
        throw new SaslError('invalid-authzid', 'acting for another account is not possible');
      }
      return { kind: 'success', username: localpart };
    },
  };
}
