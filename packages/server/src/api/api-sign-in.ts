import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Jid, SaslError, StreamError, verifyPassword } from '@thingward/xmpp';
import type { Accounts } from '../accounts.ts';
import type { LogInGuard } from '../log-in-guard.ts';
import { RateTable } from '../rate-table.ts';
import type { Router } from '../router.ts';
import { Problem } from './problem.ts';

/** Passwords found right lately need not be derived again: that is slow on purpose. */
const MAX_REMEMBERED = 1000;
const BURST_SECONDS = 3;

export interface ApiSignInOptions {
  readonly accounts: Accounts;
  readonly router: Router;
  /** The same that watches those who sign in by XMPP. */
  readonly guard: LogInGuard;
  readonly settings: { readonly requestsPerSecond: number };
}

/** Who asks the API: an account with its password, as HTTP Basic has it. @see RFC 7617 */
export class ApiSignIn {
  readonly #options: ApiSignInOptions;
  readonly #secret = randomBytes(32);
  /** By account, what proves that the same password was right for the same keys. */
  readonly #remembered = new Map<string, Buffer>();
  readonly #pace: RateTable;

  constructor(options: ApiSignInOptions) {
    this.#options = options;
    this.#pace = new RateTable(() => options.settings.requestsPerSecond, BURST_SECONDS);
  }

  /** @param address of the client @throws Problem 401, 403, 429 */
  async account(authorization: string | undefined, address: string): Promise<Jid> {
    const { accounts, guard, router } = this.#options;
    const given = credentials(authorization);
    if (!given) throw unauthorized('sign in with the address and the password of an account (HTTP Basic)');
    const [, domain] = given.user.split('@');
    const localpart = accounts.localpart(given.user.split('@')[0] ?? '');
    if (localpart === undefined || (domain !== undefined && domain.toLowerCase() !== router.domain.domain)) {
      throw unauthorized('the address or the password is wrong');
    }
    try {
      guard.check(address, localpart);
    } catch (error) {
      if (error instanceof StreamError || error instanceof SaslError)
        throw tooMany('too many failed attempts to sign in');
      throw error;
    }
    if (!(await this.#isRight(localpart, given.password))) {
      guard.failed(address, localpart);
      throw unauthorized('the address or the password is wrong');
    }
    guard.succeeded(address, localpart);
    const refusal = await accounts.refusal(localpart);
    if (refusal === 'disabled') throw new Problem(403, 'account-disabled', 'the account is disabled');
    if (refusal) throw unauthorized('the address or the password is wrong');
    if (!this.#pace.allows(localpart)) throw tooMany('too many requests');
    this.#pace.count(localpart);
    return router.accountJid(localpart);
  }

  async #isRight(localpart: string, password: string): Promise<boolean> {
    const keys = await this.#options.accounts.scramKeys(localpart, 'SHA-256');
    // Bound to the keys: with another password there are others.
    const proof = createHmac('sha256', this.#secret).update(keys.storedKey).update('\0').update(password).digest();
    const known = this.#remembered.get(localpart);
    if (known && timingSafeEqual(known, proof)) return true;
    try {
      if (!(await verifyPassword(password, keys, 'SHA-256'))) return false;
    } catch (error) {
      // It has characters that no password has.
      if (error instanceof SaslError) return false;
      throw error;
    }
    this.#remembered.delete(localpart);
    this.#remembered.set(localpart, proof);
    if (this.#remembered.size > MAX_REMEMBERED) this.#remembered.delete(this.#remembered.keys().next().value as string);
    return true;
  }
}

function credentials(authorization: string | undefined): { user: string; password: string } | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 1 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

function unauthorized(detail: string): Problem {
  const challenge = 'Basic realm="Thingward", charset="UTF-8"';
  return new Problem(401, 'not-authorized', detail, { headers: { 'www-authenticate': challenge } });
}

function tooMany(detail: string): Problem {
  return new Problem(429, 'too-many-requests', detail, { headers: { 'retry-after': '60' } });
}
