import { type Jid, presence, StreamError } from '@thingward/xmpp';
import type { Accounts } from './accounts.ts';
import type { Hooks } from './hooks.ts';
import type { RosterStore } from './roster-store.ts';
import type { Router } from './router.ts';
import type { SessionTable } from './session.ts';
import type { SessionManager } from './session-manager.ts';
import { Stanza } from './stanza.ts';

export interface AccountChangesOptions {
  readonly accounts: Accounts;
  readonly rosters: RosterStore;
  readonly router: Router;
  readonly hooks: Hooks;
  readonly sessions: SessionTable;
  readonly sessionManager: SessionManager;
}

/** Changes of accounts that concern their sessions and contacts too. */
export class AccountChanges {
  readonly #options: AccountChangesOptions;
  /** Removals by this process that the watch of the database has not come across yet. */
  readonly #own = new Map<string, number>();

  constructor(options: AccountChangesOptions) {
    this.#options = options;
  }

  /** Ends sessions. @param jid full: this one; bare: all of the account @returns how many there were */
  async endSessions(jid: Jid, error: StreamError): Promise<number> {
    const { sessions, sessionManager } = this.#options;
    const named = jid.isFull ? sessions.get(jid) : undefined;
    const ending = jid.isFull ? (named ? [named] : []) : sessions.of(jid.local ?? '');
    await Promise.all(ending.map((session) => sessionManager.end(session, error)));
    return ending.length;
  }

  /** Nobody can sign in any more, and who has is sent away. @throws AccountError */
  async disable(localpart: string): Promise<void> {
    const { accounts, router } = this.#options;
    await accounts.setDisabled(localpart, true);
    const error = new StreamError('policy-violation', 'an administrator has disabled this account');
    await this.endSessions(router.accountJid(localpart), error);
  }

  /** @throws AccountError */
  enable(localpart: string): Promise<void> {
    return this.#options.accounts.setDisabled(localpart, false);
  }

  /** Removes an account with all it has, and its subscriptions at others. @throws AccountError @see XEP-0077 §3.2 */
  async remove(localpart: string): Promise<void> {
    const { accounts, hooks, rosters, router } = this.#options;
    const jid = router.accountJid(localpart);
    // Nobody comes in while it goes.
    await accounts.setDisabled(localpart, true);
    await this.endSessions(jid, new StreamError('not-authorized', 'the account was removed'));
    for (const { contact, to, from, pendingOut, pendingIn } of await rosters.entries(localpart)) {
      if (to || pendingOut) await router.route(Stanza.made(presence('unsubscribe', {}), jid, contact));
      if (from || pendingIn) await router.route(Stanza.made(presence('unsubscribed', {}), jid, contact));
    }
    this.#own.set(localpart, (this.#own.get(localpart) ?? 0) + 1);
    await accounts.remove(localpart);
    await hooks.accountRemoved(localpart);
  }

  /** Sessions of an account are over: it was disabled, or its credentials were withdrawn. @param at when: who has come later may stay */
  async endedElsewhere(localpart: string, at: number, error: StreamError): Promise<void> {
    const { accounts, sessions, sessionManager } = this.#options;
    accounts.changed();
    const former = sessions.of(localpart).filter(({ boundAt }) => boundAt.getTime() <= at);
    await Promise.all(former.map((session) => sessionManager.end(session, error)));
  }

  /** An account was removed, and maybe made anew since. @param at when: what was bound later is another's */
  async removedElsewhere(localpart: string, at: number, error: StreamError): Promise<void> {
    const { accounts, hooks, sessions, sessionManager } = this.#options;
    accounts.changed();
    const own = this.#own.get(localpart) ?? 0;
    if (own > 0) {
      if (own === 1) this.#own.delete(localpart);
      else this.#own.set(localpart, own - 1);
      return;
    }
    const former = sessions.of(localpart).filter(({ boundAt }) => boundAt.getTime() <= at);
    await Promise.all(former.map((session) => sessionManager.end(session, error)));
    await hooks.accountRemoved(localpart);
  }
}
