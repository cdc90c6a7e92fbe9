import { createHmac, randomBytes } from 'node:crypto';
import { type Jid, JidError, StanzaError } from '@thingward/xmpp';

/** Makes up resources. Those of a known installation stay the same, and tell nothing of its id. @see XEP-0386 §3.2.1 */
export class ResourceNames {
  readonly #load: () => Promise<Buffer>;
  #secret: Promise<Buffer> | undefined;

  /** @param load gives a secret that is always the same */
  constructor(load: () => Promise<Buffer>) {
    this.#load = load;
  }

  /** @param tag as the client wants it at the beginning of its resource @throws StanzaError `bad-request` */
  async next(account: Jid, tag: string | undefined, userAgentId: string | undefined): Promise<Jid> {
    const name = userAgentId === undefined ? anyName() : await this.#nameOf(account, tag, userAgentId);
    return withResource(account, tag === undefined ? name : `${tag}/${name}`);
  }

  async #nameOf(account: Jid, tag: string | undefined, userAgentId: string): Promise<string> {
    this.#secret ??= this.#load();
    const parts = JSON.stringify([account.toString(), tag, userAgentId]);
    return createHmac('sha256', await this.#secret)
      .update(parts)
      .digest()
      .subarray(0, 9)
      .toString('base64url');
  }
}

/** A resource nobody can guess. */
export function anyName(): string {
  return randomBytes(9).toString('base64url');
}

/** @throws StanzaError `bad-request` */
export function withResource(account: Jid, resource: string): Jid {
  try {
    return account.withResource(resource);
  } catch (error) {
    if (error instanceof JidError) throw new StanzaError('bad-request', error.message);
    throw error;
  }
}
