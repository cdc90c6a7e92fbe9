import { xml } from '@thingward/xml';
import { Jid } from './jid.ts';
import { NS } from './namespaces.ts';
import { ping } from './ping.ts';
import { ReconnectingPeer, type ReconnectOptions } from './reconnecting-peer.ts';
import type { XmlStream } from './stream/xml-stream.ts';
import { StreamError } from './stream-error.ts';

export const COMPONENT = 'jabber:component:accept';

/** What proves that both sides know the secret: SHA-1 of the stream's identifier and the secret, in lower-case hexadecimal. @see XEP-0114 §3 */
export async function componentHandshake(streamId: string, secret: string): Promise<string> {
  const digest = await globalThis.crypto.subtle.digest('SHA-1', new TextEncoder().encode(streamId + secret));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export interface XmppComponentOptions extends ReconnectOptions {
  /** The domain it serves, as the server's configuration names it. */
  readonly domain: string;
  readonly secret: string;
}

/** A service that joins a server from outside, at a domain of its own. Its connector opens streams of the namespace COMPONENT. @see XEP-0114 */
export class XmppComponent extends ReconnectingPeer {
  readonly #domain: Jid;
  readonly #secret: string;

  constructor(options: XmppComponentOptions) {
    const domain = Jid.parse(options.domain);
    super(domain, options);
    this.#domain = domain;
    this.#secret = options.secret;
  }

  protected override async negotiate(stream: XmlStream): Promise<Jid> {
    stream.open(this.#domain.domain);
    const opened = await stream.read();
    if (opened.kind !== 'open') throw new StreamError('bad-format', 'the server did not open its stream');
    const proof = await componentHandshake(opened.header.attribute('id') ?? '', this.#secret);
    stream.send(xml('handshake', { xmlns: NS.client }, proof));
    const answer = await stream.read();
    if (answer.kind === 'element' && answer.element.is('error', NS.stream))
      throw StreamError.fromElement(answer.element);
    if (answer.kind !== 'element' || !answer.element.is('handshake', NS.client)) {
      throw new StreamError('bad-format', 'the server did not answer the handshake');
    }
    return this.#domain;
  }

  /** A conflict is mostly an older connection whose end the server has not noticed. */
  protected override isFatal(error: Error): boolean {
    return error instanceof StreamError && (error.condition === 'not-authorized' || error.condition === 'host-unknown');
  }

  /** The server itself is asked: a component has no account. */
  protected override probe(timeoutMs: number): Promise<unknown> {
    const [, ...parent] = this.#domain.domain.split('.');
    return ping(this, Jid.parse(parent.join('.') || this.#domain.domain), { timeoutMs });
  }
}
