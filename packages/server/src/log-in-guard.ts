import { type CredentialStore, SaslError, type ScramHash, type ScramKeys, StreamError } from '@thingward/xmpp';
import type { Limits } from './limits.ts';
import { addressKey } from './listeners/address-key.ts';
import { RateTable } from './rate-table.ts';

type GuardLimits = Pick<Limits, 'maxAuthFailuresPerAddress' | 'maxAuthFailuresPerAccount'>;

/** A minute's failures may come at once. */
const SECONDS = 60;
/** Places that accounts were signed in from; when there are more, the first is forgotten. */
const MAX_KNOWN = 50_000;

/**
 * Slows down those who guess passwords: by where they come from, and by the account they try. Somebody who has signed in from a
 * place before is not kept out by what others try with the same account elsewhere.
 */
export class LogInGuard {
  readonly #addresses: RateTable;
  readonly #accounts: RateTable;
  readonly #known = new Set<string>();

  /** @param now milliseconds of a clock that does not jump */
  constructor(limits: GuardLimits, now?: () => number) {
    this.#addresses = new RateTable(() => limits.maxAuthFailuresPerAddress / SECONDS, SECONDS, now);
    this.#accounts = new RateTable(() => limits.maxAuthFailuresPerAccount / SECONDS, SECONDS, now);
  }

  /**
   * To be called before a password is looked at.
   * @throws StreamError `policy-violation` for the address
   * @throws SaslError `temporary-auth-failure` for the account
   */
  check(address: string, account: string): void {
    const place = addressKey(address);
    if (!this.#addresses.allows(place)) {
      throw new StreamError('policy-violation', 'too many failed attempts to authenticate from this address');
    }
    if (this.#accounts.allows(account) || this.#known.has(`${account} ${place}`)) return;
    throw new SaslError('temporary-auth-failure', 'too many failed attempts to authenticate; try again later');
  }

  /** @param account undefined where it never became known */
  failed(address: string, account: string | undefined): void {
    this.#addresses.count(addressKey(address));
    if (account !== undefined) this.#accounts.count(account);
  }

  succeeded(address: string, account: string): void {
    const key = `${account} ${addressKey(address)}`;
    this.#known.delete(key);
    if (this.#known.size >= MAX_KNOWN) this.#known.delete(this.#known.values().next().value as string);
    this.#known.add(key);
  }
}

/** The credentials of accounts, as far as the guard lets one connection look at them. */
export class GuardedCredentials implements CredentialStore {
  readonly #store: CredentialStore;
  readonly #guard: LogInGuard;
  readonly #address: string;
  #asked: string | undefined;

  constructor(store: CredentialStore, guard: LogInGuard, address: string) {
    this.#store = store;
    this.#guard = guard;
    this.#address = address;
  }

  /** @throws StreamError, SaslError where there were too many attempts */
  scramKeys(username: string, hash: ScramHash): Promise<ScramKeys> {
    this.#asked = this.#store.localpart(username) ?? username;
    this.#guard.check(this.#address, this.#asked);
    return this.#store.scramKeys(username, hash);
  }

  exists(localpart: string): Promise<boolean> {
    return this.#store.exists(localpart);
  }

  localpart(username: string): string | undefined {
    return this.#store.localpart(username);
  }

  isAddressOf(authzid: string, localpart: string): boolean {
    return this.#store.isAddressOf?.(authzid, localpart) ?? false;
  }

  /** What came of the attempt. @param account undefined when it failed */
  settled(account: string | undefined): void {
    if (account === undefined) this.#guard.failed(this.#address, this.#asked);
    else this.#guard.succeeded(this.#address, account);
    this.#asked = undefined;
  }
}
