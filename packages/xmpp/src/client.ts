import type { Element } from '@thingward/xml';
import type { Jid } from './jid.ts';
import { PeerError } from './peer.ts';
import { type ConnectionState, ReconnectingPeer, type ReconnectOptions } from './reconnecting-peer.ts';
import type { UserAgent } from './sasl2.ts';
import { presence } from './stanza.ts';
import type { NegotiatedStream } from './stream/account.ts';
import { negotiate } from './stream/initiator.ts';
import { ManagedTraffic } from './stream/managed-traffic.ts';
import type { StreamCompressor } from './stream/stream-compressor.ts';
import type { TokenKeeper } from './stream/token-keeper.ts';
import type { XmlStream } from './stream/xml-stream.ts';
import { StreamError } from './stream-error.ts';
import { decodeEnabled, enableRequest, STREAM_MANAGEMENT } from './stream-management.ts';

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
  /** Has the stream compressed, where the server can do that: an `ExiCompressor`. @see XEP-0322 */
  readonly compression?: StreamCompressor;
  /** Does its session go on over the next connection, where the server can? Then requests wait for their answers over a cut. @see XEP-0198 §5 */
  readonly resumes?: boolean;
  /** Is the password never to be shown to the server, but only proved to be known? */
  readonly refusesPlain?: boolean;
  /** Does it go on trying when its credentials were refused, as another server may take them? */
  readonly persists?: () => boolean;
}

/** A client's connection to its server, kept up until it is stopped. Handlers stay over reconnects. @see RFC 6120 */
export class XmppClient extends ReconnectingPeer {
  readonly #options: XmppClientOptions;
  #traffic: ManagedTraffic | undefined;
  #isResumed = false;
  /** Has it signed in without showing the password before? Then it will not show it later. @see XEP-0474 §6 */
  #hasProof = false;

  constructor(options: XmppClientOptions) {
    super(options.jid.bare, options);
    this.#options = options;
  }

  protected override async negotiate(stream: XmlStream): Promise<Jid> {
    const {
      jid,
      password,
      resource = jid.resource,
      tag,
      userAgent,
      tokens,
      compression,
      resumes = false,
    } = this.#options;
    const former = this.#traffic;
    const request = former?.request;
    try {
      const outcome = await negotiate(stream, {
        jid: jid.bare,
        password,
        refusesPlain: this.#hasProof || (this.#options.refusesPlain ?? false),
        resource,
        tag,
        userAgent,
        tokens,
        compression,
        wishes: resumes ? [enableRequest({ resume: true })] : [],
        resume: former && request && { jid: former.jid, request },
      });
      this.#hasProof ||= outcome.mechanism !== 'PLAIN';
      this.#isResumed = outcome.resumed !== undefined;
      if (former && outcome.resumed) {
        for (const stanza of former.resumed(outcome.resumed)) stream.send(stanza);
      } else this.#begin(outcome);
      for (const element of (await compression?.afterwards(jid)) ?? []) stream.send(element);
      return outcome.jid;
    } catch (error) {
      // What the two ends have counted does not fit: it would not the next time.
      if (error instanceof StreamError) this.#forget();
      throw error;
    }
  }

  protected override isFatal(error: Error): boolean {
    return super.isFatal(error) && !this.#options.persists?.();
  }

  /** Presence, but where the server remembers it. */
  protected override greeting(): Element | undefined {
    return this.#isResumed ? undefined : presence(undefined, {});
  }

  protected override get isResumed(): boolean {
    return this.#isResumed;
  }

  protected override get keepsSession(): boolean {
    return this.#traffic?.isResumable ?? false;
  }

  protected override onSent(stanza: Element): void {
    const asking = this.#traffic?.sent(stanza);
    if (asking) this.sendElement(asking);
    if (this.#traffic?.isFull) this.dropConnection();
  }

  protected override takes(element: Element): boolean {
    if (this.#options.compression?.takes(element)) return true;
    if (!this.#traffic) return false;
    try {
      const { isOwn, answer } = this.#traffic.received(element);
      if (answer) this.sendElement(answer);
      return isOwn;
    } catch (error) {
      this.#forget();
      throw error;
    }
  }

  override async stop(): Promise<void> {
    await super.stop();
    this.#traffic = undefined;
  }

  #begin({ jid, answers }: NegotiatedStream): void {
    this.#forget();
    const enabled = answers.find((answer) => answer.is('enabled', STREAM_MANAGEMENT));
    this.#traffic = enabled && new ManagedTraffic(jid, decodeEnabled(enabled));
  }

  /** The former session is gone, and with it answers that were waited for. */
  #forget(): void {
    if (!this.#traffic) return;
    this.#traffic = undefined;
    this.becameOffline(new PeerError('connection-lost', `the session of ${this.jid.bare} was lost`));
  }
}
