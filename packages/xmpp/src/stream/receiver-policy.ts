import type { Element } from '@thingward/xml';
import type { Bind2Request } from '../bind2.ts';
import type { AgreedSetUp } from '../exi/agreed-setup.ts';
import type { Jid } from '../jid.ts';
import type { ChannelBindings } from '../sasl/channel-binding.ts';
import type { SaslError } from '../sasl/error.ts';
import type { SaslServerMeans } from '../sasl/select.ts';
import type { UserAgent } from '../sasl2.ts';
import type { StreamError } from '../stream-error.ts';
import type { TokenAuthority } from './token-authority.ts';

/** What the receiving side of a stream does on its transport. */
export interface ReceivingTransport {
  readonly isEncrypted: boolean;
  /** Can be encrypted in place. */
  readonly canStartTls: boolean;
  /** What an authentication can be tied to; undefined when there is nothing. @see RFC 5056 */
  readonly channelBindings?: ChannelBindings | undefined;
  /** Addresses the client's certificate speaks for; undefined where none is asked for. */
  readonly certified?: readonly Jid[] | undefined;
  /** Sends the answering stream header. */
  openStream(header: { readonly id: string; readonly from: string; readonly to?: string | undefined }): void;
  send(element: Element): void;
  /** Encrypts in place and forgets the stream so far. */
  startTls(): Promise<void>;
  /** Expects a new stream header next. */
  restart(): void;
  /** From now on all is coded in EXI, and a new stream begins; undefined where that can't be. @see XEP-0322 §2.2.7 */
  compress?(setUp: AgreedSetUp): void;
  /** Sends the error if there is one, ends the stream and the connection. */
  closeStream(error?: StreamError): void;
}

/** A session that was made or taken up again; it begins when the client was told. */
export interface ReadySession {
  readonly jid: Jid;
  /** From now on the stream is the session's. */
  begin(): void;
}

/** What came of a wish to take up a former session. */
export interface ResumeOutcome {
  /** For the client. */
  readonly answer: Element;
  /** Undefined when it could not be. */
  readonly session?: ReadySession | undefined;
}

/** What a client may agree on, so that its stream is compressed. @see XEP-0138, XEP-0322 */
export interface StreamCompression {
  /** What is offered; undefined where there is nothing to be offered. */
  offer(state: { readonly encrypted: boolean; readonly authenticated: boolean }): Element | undefined;
  /** Is it one of its elements? */
  takes(namespace: string): boolean;
  /**
   * Takes an element of the client's.
   * @param account undefined while nobody has authenticated
   * @returns what it is told, where it is told something at once; and what codes all that comes after it
   * @throws StreamError
   */
  handle(
    element: Element,
    account: Jid | undefined,
  ): Promise<{ readonly answer?: Element | undefined; readonly setUp?: AgreedSetUp | undefined }>;
}

/** What a server decides about a client's stream. */
export interface ReceiverPolicy extends SaslServerMeans {
  /** Domains it serves. */
  readonly domains: ReadonlySet<string>;
  /** Must the stream be encrypted before anybody authenticates? */
  readonly requireTls: boolean;
  /** Failed authentications that end the stream. */
  readonly maxAuthFailures: number;
  readonly newStreamId: () => string;
  /** Told of errors that are bugs, not the other side's. */
  readonly reportError: (error: unknown) => void;
  /** Has the last word on an account that has proved who it is. @throws SaslError */
  admit?(account: Jid, mechanism: string): Promise<void>;
  /**
   * Answers a request of a client that has not authenticated, such as to register.
   * @returns what answers; undefined for requests that nobody answers, which end the stream
   */
  requested?(request: Element): (() => Promise<Element | undefined>) | undefined;
  /** Gives the authenticated account a full JID. @throws StanzaError */
  bind(account: Jid, resource: string | undefined): Promise<Jid>;
  /** From now on the stream is the session's. */
  bound(jid: Jid): void;
  /** Takes up a former session instead of binding a resource. @see XEP-0198 §5 */
  resume?(account: Jid, request: Element): Promise<ResumeOutcome>;
  /** Binds along with the authentication. @see XEP-0386 */
  readonly bind2?: {
    /** Features a session can have from its first moment. */
    readonly features: readonly string[];
    /** @returns the session, and what goes into `<bound/>` @throws StanzaError */
    bind(
      account: Jid,
      request: Bind2Request,
      userAgent: UserAgent | undefined,
    ): Promise<{ readonly session: ReadySession; readonly answers: readonly Element[] }>;
  };
  /** Undefined where streams can't be compressed. */
  readonly compression?: StreamCompression | undefined;
  /** Gives tokens away and takes them in the place of passwords. @see XEP-0484 */
  readonly tokens?: TokenAuthority | undefined;
  /** Features to tell of beside those of the negotiation itself. */
  features?(state: { readonly encrypted: boolean; readonly authenticated: boolean }): readonly Element[];
  /** Told of each attempt, for logs and limits. */
  authenticated?(outcome: { readonly mechanism: string; readonly account?: Jid; readonly error?: SaslError }): void;
}
