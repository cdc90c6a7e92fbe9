import type { Element } from '@thingward/xml';
import type { Jid } from '../jid.ts';
import type { Credentials } from '../sasl/select.ts';
import type { UserAgent } from '../sasl2.ts';
import type { StreamCompressor } from './stream-compressor.ts';
import type { TokenKeeper } from './token-keeper.ts';

/** Whom a client signs in as, and what it wants then. */
export interface Account extends Credentials {
  /** Bare JID of the account; a domain alone for one that has no name (XEP-0175). */
  readonly jid: Jid;
  /** Not needed where the connection shows a certificate. */
  readonly password?: string | undefined;
  /** Asked for; the server may give another. Costs a round trip more than a tag. */
  readonly resource?: string | undefined;
  /** Beginning of the resource, whose rest the server makes up. @see XEP-0386 §3.2.1 */
  readonly tag?: string | undefined;
  /** Needs an id where tokens are kept. A server ends the session another connection of the same id has. @see XEP-0388 §2.3 */
  readonly userAgent?: UserAgent | undefined;
  /** With it the client signs in in one round trip after the first time. @see XEP-0484 */
  readonly tokens?: TokenKeeper | undefined;
  /** Has the stream compressed, where the server can do that. */
  readonly compression?: StreamCompressor | undefined;
  /** What the session is to have from its first moment. @see XEP-0386 §3.2 */
  readonly wishes?: readonly Element[] | undefined;
  /** The session to be taken up again, where that is still possible. @see XEP-0198 §8.2 */
  readonly resume?: { readonly jid: Jid; readonly request: Element } | undefined;
}

/** A stream that is ready for stanzas. */
export interface NegotiatedStream {
  /** Full. */
  readonly jid: Jid;
  /** What it has authenticated with. */
  readonly mechanism: string;
  /** Was the former session taken up? Then what the server said of it. */
  readonly resumed?: Element | undefined;
  /** Why it was not. */
  readonly failed?: Element | undefined;
  /** Answers to wishes. */
  readonly answers: readonly Element[];
}
