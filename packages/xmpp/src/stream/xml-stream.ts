import type { Element } from '@thingward/xml';
import type { AgreedSetUp } from '../exi/agreed-setup.ts';
import type { Jid } from '../jid.ts';
import type { ChannelBindings } from '../sasl/channel-binding.ts';

/** What arrives on a stream. */
export type StreamItem =
  | { readonly kind: 'open'; readonly header: Element }
  | { readonly kind: 'element'; readonly element: Element }
  | { readonly kind: 'close' };

/** One XML stream to a server over some transport, as its initiator uses it. @see RFC 6120 §4, RFC 7395 */
export interface XmlStream {
  /** Nobody on the way can read it. */
  readonly isEncrypted: boolean;
  /** What an authentication can be tied to; undefined when there is nothing. @see RFC 5056 */
  readonly channelBindings?: ChannelBindings | undefined;
  /** Addresses in the certificate that was shown to the server; undefined when none was. @see XEP-0178 §2 */
  readonly certified?: readonly Jid[] | undefined;
  /** Secures the transport in place; undefined where the transport does not know STARTTLS. @see RFC 6120 §5 */
  readonly startTls: (() => Promise<void>) | undefined;
  /**
   * From now on what is sent is coded in EXI, what is received, or both; what was sent before goes first. Undefined where the transport
   * does not know it. Of what is received nothing behind `<compressed/>` is read before this is called.
   * @see XEP-0322 §2.2.7
   */
  readonly compress?: ((setUp: AgreedSetUp, what: 'sent' | 'received' | 'both') => void) | undefined;
  /** Sends a stream header; the next item read is the answer to it. @param from who opens it, where that is told */
  open(to: string, from?: string): void;
  send(element: Element): void;
  /** The next item. One reader at a time. Rejects when the connection breaks. */
  read(): Promise<StreamItem>;
  /** Ends the stream orderly, waiting a little for the other side to do the same. */
  close(): Promise<void>;
  /** Drops the connection at once. */
  destroy(): void;
}

/** Makes a connection to a server. Rejects with an error whose message says where and why it failed. */
export type Connector = (signal: AbortSignal) => Promise<XmlStream>;
