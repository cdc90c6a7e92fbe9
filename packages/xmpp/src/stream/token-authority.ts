import type { IssuedToken } from '../fast.ts';
import type { KnownToken } from '../sasl/hashed-token.ts';

/** The installation a token is for. */
export interface TokenClient {
  readonly localpart: string;
  /** Its UUID. @see XEP-0388 §2.3 */
  readonly userAgentId: string;
}

/** A token a client may show. */
export interface HeldToken extends KnownToken {
  readonly id: number;
  readonly expiresAt: Date;
  /** Is it time for a new one? */
  readonly isDue: boolean;
}

/** Where a server keeps the tokens it gives away. @see XEP-0484 */
export interface TokenAuthority {
  /** Tokens a client holds for a mechanism, the newest first; expired ones too, as long as they are remembered. */
  held(client: TokenClient, mechanism: string): Promise<readonly HeldToken[]>;
  /**
   * A token was shown: those the client got before it are taken no more.
   * @param count undefined when the client does not count
   * @returns false when this use was seen before, or is not counted while others were
   * @see XEP-0484 §3.4, §3.5
   */
  use(client: TokenClient, token: HeldToken, count: number | undefined): Promise<boolean>;
  /** Gives another token; those that were given and never used are taken no more. @see XEP-0484 §3.5 */
  issue(client: TokenClient, mechanism: string): Promise<IssuedToken>;
  /** Takes none of its tokens any more. @see XEP-0484 §3.6 */
  revoke(client: TokenClient): Promise<void>;
}
