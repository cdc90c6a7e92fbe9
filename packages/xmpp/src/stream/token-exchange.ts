import type { Element } from '@thingward/xml';
import { decodeFastUse, decodeTokenRequest, encodeFastOffer, encodeToken, type FastUse } from '../fast.ts';
import { SaslError } from '../sasl/error.ts';
import { hashedTokenServer, tokenMechanisms } from '../sasl/hashed-token.ts';
import type { SaslServerMechanism } from '../sasl/mechanism.ts';
import type { SaslChannel, SaslServerMeans } from '../sasl/select.ts';
import type { Sasl2Request } from '../sasl2.ts';
import type { HeldToken, TokenAuthority } from './token-authority.ts';

/** Mechanisms after which a token may stand in for what was shown. A certificate does without, and can be revoked. */
const PASSWORD_MECHANISM = /^(SCRAM-|PLAIN$)/;

/** What is offered of tokens; undefined when nothing is. @see XEP-0484 §3.1 */
export function tokenOffer(authority: TokenAuthority | undefined, channel: SaslChannel): Element | undefined {
  const mechanisms = authority ? tokenMechanisms(channel) : [];
  return mechanisms.length > 0 ? encodeFastOffer(mechanisms) : undefined;
}

/** The part tokens have in one authentication: one is shown, one is asked for, or both. @see XEP-0484 */
export class TokenExchange {
  readonly #authority: TokenAuthority;
  readonly #channel: SaslChannel;
  readonly #mechanism: string;
  readonly #userAgentId: string | undefined;
  readonly #use: FastUse | undefined;
  readonly #wanted: string | undefined;
  #shown: HeldToken | undefined;

  /** @throws SaslError `malformed-request` */
  constructor(authority: TokenAuthority, channel: SaslChannel, { mechanism, userAgent, inline }: Sasl2Request) {
    this.#authority = authority;
    this.#channel = channel;
    this.#mechanism = mechanism;
    this.#userAgentId = userAgent?.id;
    this.#use = decodeFastUse(inline);
    this.#wanted = decodeTokenRequest(inline);
    if ((this.#use || this.#wanted !== undefined) && this.#userAgentId === undefined) {
      throw new SaslError('malformed-request', 'a token is for a user agent with an id');
    }
  }

  /** Is a token shown in the place of a password? */
  get showsToken(): boolean {
    return this.#use !== undefined;
  }

  /** The server's side of the mechanism that takes the token. @throws SaslError `invalid-mechanism` */
  serverMechanism({ credentials, scramPrimitives }: SaslServerMeans): SaslServerMechanism {
    const name = this.#mechanism;
    if (!tokenMechanisms(this.#channel).includes(name)) {
      throw new SaslError('invalid-mechanism', 'this mechanism does not take tokens');
    }
    const lookup = {
      localpart: (username: string) => credentials.localpart(username),
      held: (localpart: string) => this.#authority.held(this.#client(localpart), name),
      shown: (token: HeldToken, localpart: string) => this.#take(token, localpart),
    };
    return hashedTokenServer(name, lookup, this.#channel.bindings, scramPrimitives);
  }

  /** What the client is told about tokens after it has authenticated. */
  async answer(localpart: string): Promise<readonly Element[]> {
    const client = this.#client(localpart);
    if (this.#use?.invalidate) await this.#authority.revoke(client);
    const mechanism = this.#next();
    return mechanism === undefined ? [] : [encodeToken(await this.#authority.issue(client, mechanism))];
  }

  /** The mechanism another token is to be given for. @see XEP-0484 §3.3, §3.5 */
  #next(): string | undefined {
    const mayHave = this.#shown !== undefined || PASSWORD_MECHANISM.test(this.#mechanism);
    if (this.#wanted !== undefined && mayHave && tokenMechanisms(this.#channel).includes(this.#wanted)) {
      return this.#wanted;
    }
    return this.#shown?.isDue && !this.#use?.invalidate ? this.#mechanism : undefined;
  }

  async #take(token: HeldToken, localpart: string): Promise<void> {
    if (token.expiresAt.getTime() <= Date.now()) throw new SaslError('credentials-expired', 'the token is too old');
    if (!(await this.#authority.use(this.#client(localpart), token, this.#use?.count))) {
      throw new SaslError('not-authorized', 'this use of the token was seen before');
    }
    this.#shown = token;
  }

  #client(localpart: string) {
    return { localpart, userAgentId: this.#userAgentId ?? '' };
  }
}
