import type { Element } from '@thingward/xml';
import type { Jid } from './jid.ts';
import { type ConnectionState, ReconnectingPeer, type ReconnectOptions } from './reconnecting-peer.ts';
import type { UserAgent } from './sasl2.ts';
import { presence } from './stanza.ts';
import { negotiate } from './stream/initiator.ts';
import type { TokenKeeper } from './stream/token-keeper.ts';
import type { XmlStream } from './stream/xml-stream.ts';

export type ClientState = ConnectionState;

export interface XmppClientOptions extends ReconnectOptions {
  /** The account; a resource in it is asked for. A domain alone for one that has no name (XEP-0175). */
  readonly jid: Jid;
  /** Not needed where the connection shows a certificate of the account. @see XEP-0178 §2 */
  readonly password?: string;
  /** Asked for as it is. A tag costs a round trip less. */
  readonly resource?: string;
  /** Beginning of the resource, whose rest the server makes up. @see XEP-0386 §3.2.1 */
  readonly tag?: string;
  /** What the server is told of this installation. With an id, a connection ends the sessions that earlier ones left behind. */
  readonly userAgent?: UserAgent;
  /** With it the client signs in in one round trip after the first time; needs a user agent with an id. @see XEP-0484 */
  readonly tokens?: TokenKeeper;
}

/** A client's connection to its server, kept up until it is stopped. Handlers stay over reconnects. @see RFC 6120 */
export class XmppClient extends ReconnectingPeer {
  readonly #options: XmppClientOptions;

  constructor(options: XmppClientOptions) {
    super(options.jid.bare, options);
    this.#options = options;
  }

  protected override async negotiate(stream: XmlStream): Promise<Jid> {
    const { jid, password, resource = jid.resource, tag, userAgent, tokens } = this.#options;
    const account = { jid: jid.bare, password, resource, tag, userAgent, tokens };
    return (await negotiate(stream, account)).jid;
  }

  protected override greeting(): Element {
    return presence(undefined, {});
  }
}
