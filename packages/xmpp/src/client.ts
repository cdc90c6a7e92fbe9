import type { Element } from '@thingward/xml';
import type { Jid } from './jid.ts';
import { type ConnectionState, ReconnectingPeer, type ReconnectOptions } from './reconnecting-peer.ts';
import { presence } from './stanza.ts';
import { negotiate } from './stream/initiator.ts';
import type { XmlStream } from './stream/xml-stream.ts';

export type ClientState = ConnectionState;

export interface XmppClientOptions extends ReconnectOptions {
  /** The account; a resource in it is asked for. */
  readonly jid: Jid;
  /** Not needed where the connection shows a certificate of the account. @see XEP-0178 §2 */
  readonly password?: string;
  readonly resource?: string;
}

/** A client's connection to its server, kept up until it is stopped. Handlers stay over reconnects. @see RFC 6120 */
export class XmppClient extends ReconnectingPeer {
  readonly #options: XmppClientOptions;

  constructor(options: XmppClientOptions) {
    super(options.jid.bare, options);
    this.#options = options;
  }

  protected override negotiate(stream: XmlStream): Promise<Jid> {
    const { jid, password, resource = jid.resource } = this.#options;
    return negotiate(stream, { jid: jid.bare, password, resource });
  }

  protected override greeting(): Element {
    return presence(undefined, {});
  }
}
