import { encodeUtf8 } from '@thingward/xml';
import { Jid } from '../jid.ts';
import { SaslError } from './error.ts';
import type { SaslClientMechanism, SaslServerMechanism } from './mechanism.ts';

/**
 * The client's side: TLS has shown its certificate already.
 * @param certified addresses in the certificate
 * @see RFC 4422 Appendix A, XEP-0178 §2
 */
export function externalClient(jid: Jid, certified: readonly Jid[]): SaslClientMechanism {
  const [only, ...others] = certified;
  // Said only where the certificate leaves it open (RFC 6120 §6.3.8).
  const isClear = only === undefined || (others.length === 0 && only.equals(jid.bare));
  return {
    name: 'EXTERNAL',
    async start() {
      return encodeUtf8(isClear ? '' : jid.bare.toString());
    },
    async respond() {
      throw new SaslError('malformed-request', 'EXTERNAL has no challenges');
    },
    async finish() {},
  };
}

/**
 * The server's side.
 * @param certified addresses at the served domain that the client's certificate, which is believed, speaks for
 * @param exists is there such an account?
 * @see XEP-0178 §2
 */
export function externalServer(
  certified: readonly Jid[],
  exists: (localpart: string) => Promise<boolean>,
): SaslServerMechanism {
  return {
    name: 'EXTERNAL',
    async step(message) {
      const authzid = decode(message);
      const registered: string[] = [];
      for (const { local = '' } of certified) if (await exists(local)) registered.push(local);
      if (registered.length === 0) throw new SaslError('not-authorized', 'the certificate is for no account here');
      if (authzid === '') {
        const [username, ...others] = registered;
        if (username !== undefined && others.length === 0) return { kind: 'success', username };
        throw new SaslError('invalid-authzid', 'the certificate is for several accounts: say which');
      }
      const wanted = Jid.tryParse(authzid);
      const found = certified.find((jid) => jid.equals(wanted))?.local;
      if (found === undefined || !registered.includes(found)) {
        throw new SaslError('invalid-authzid', 'the certificate is not for this account');
      }
      return { kind: 'success', username: found };
    },
  };
}

function decode(message: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(message);
  } catch {
    throw new SaslError('malformed-request', 'invalid UTF-8');
  }
}
