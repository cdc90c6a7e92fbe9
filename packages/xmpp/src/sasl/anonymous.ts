import { SaslError } from './error.ts';
import type { SaslClientMechanism, SaslServerMechanism } from './mechanism.ts';

/** The client's side: it leaves no trace. @see RFC 4505 §2, XEP-0175 §3 */
export function anonymousClient(): SaslClientMechanism {
  return {
    name: 'ANONYMOUS',
    async start() {
      return new Uint8Array(0);
    },
    async respond() {
      throw new SaslError('malformed-request', 'ANONYMOUS has no challenges');
    },
    async finish() {},
  };
}

/**
 * The server's side. What the client says of itself is looked at by nobody.
 * @param enter makes an account that nobody had before, and gives its localpart
 * @see XEP-0175 §3
 */
export function anonymousServer(enter: () => Promise<string>): SaslServerMechanism {
  return {
    name: 'ANONYMOUS',
    async step() {
      return { kind: 'success', username: await enter() };
    },
  };
}
