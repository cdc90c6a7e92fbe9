import type { Element } from '@thingward/xml';
import type { IqRequest, Jid, RequestOptions, Unsubscribe, XmppPeer } from '@thingward/xmpp';
import { accessDenied } from '../thing/access.ts';
import { PROVISIONING_NAMESPACE } from '../thing/friend-codec.ts';
import { decodingRequest, PayloadError, type Tokens } from '../thing/payload.ts';
import { TOKEN_NAMESPACES } from './dialects.ts';
import {
  decodeGetTokenChallenge,
  decodeGetTokenResponse,
  decodeTokenChallenge,
  encodeGetToken,
  encodeGetTokenChallengeResponse,
  encodeTokenChallengeResponse,
} from './token-codec.ts';

/** For how long after a token was sent its receiver may challenge it. @see XEP-0324 §7.2 */
const CHALLENGE_MS = 60_000;
const MAX_SENT = 1000;

/** A certificate, and what its private key makes of what was encrypted for it. */
export interface TokenIdentity {
  /** In DER. */
  readonly certificate: Uint8Array;
  /** RSA-OAEP with SHA-1, as others do it. Rejects what it can't decrypt. */
  decrypt(challenge: Uint8Array): Promise<Uint8Array>;
}

/** Gets a token for a certificate. @throws StanzaError, PayloadError, PeerError; what `decrypt` throws @see XEP-0324 §3.1.3.1 */
export async function requestToken(
  peer: XmppPeer,
  server: Jid,
  { certificate, decrypt }: TokenIdentity,
  { namespace = PROVISIONING_NAMESPACE, ...options }: RequestOptions & { readonly namespace?: string } = {},
): Promise<string> {
  const ask = async (payload: Element) => {
    const answer = await peer.request('get', server, payload, options);
    if (answer === undefined) throw new PayloadError('unexpected-element', payload.name, 'the answer is empty');
    return answer;
  };
  const { sequence, bytes } = decodeGetTokenChallenge(await ask(encodeGetToken(certificate, namespace)), namespace);
  const response = encodeGetTokenChallengeResponse({ sequence, bytes: await decrypt(bytes) }, namespace);
  return decodeGetTokenResponse(await ask(response), namespace);
}

/**
 * The tokens of a client, which shows them to Things and answers when they are challenged: to whom it has sent them within the last
 * minute, and to nobody else.
 * @see XEP-0324 §3.1.3.2
 */
export class TokenHolder {
  readonly #peer: XmppPeer;
  readonly #now: () => number;
  readonly #identities = new Map<string, TokenIdentity>();
  /** When a token was sent to a bare JID. */
  readonly #sent = new Map<string, number>();

  constructor(peer: XmppPeer, now: () => number = Date.now) {
    this.#peer = peer;
    this.#now = now;
  }

  /** Begins to answer challenges. */
  serve(): Unsubscribe {
    const stops = [...new Set(TOKEN_NAMESPACES)].map((namespace) =>
      this.#peer.onIq('get', { name: 'tokenChallenge', namespace }, (request) => this.#challenged(request, namespace)),
    );
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** This token is one of ours. */
  add(token: string, identity: TokenIdentity): void {
    this.#identities.set(token, identity);
  }

  /** These tokens are about to be sent to somebody. */
  sending(to: Jid, { serviceToken, deviceToken, userToken }: Tokens): void {
    for (const token of [serviceToken, deviceToken, userToken].flatMap((several) => several?.split(/\s+/) ?? [])) {
      if (!this.#identities.has(token)) continue;
      const key = `${token} ${to.bare}`;
      this.#sent.delete(key);
      this.#sent.set(key, this.#now());
    }
    for (const oldest of this.#sent.keys()) {
      if (this.#sent.size <= MAX_SENT) return;
      this.#sent.delete(oldest);
    }
  }

  async #challenged({ from, payload }: IqRequest, namespace: string): Promise<Element> {
    const { token, bytes } = decodingRequest(() => decodeTokenChallenge(payload, namespace));
    const identity = this.#identities.get(token);
    const sentAt = this.#sent.get(`${token} ${from.bare}`);
    if (!identity || sentAt === undefined || this.#now() - sentAt >= CHALLENGE_MS) throw accessDenied();
    let response: Uint8Array;
    try {
      response = await identity.decrypt(bytes);
    } catch {
      // It was not encrypted for us. Why exactly must not be told.
      throw accessDenied();
    }
    return encodeTokenChallengeResponse(response, namespace);
  }
}
