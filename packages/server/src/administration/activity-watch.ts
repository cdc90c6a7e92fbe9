import type { Logger } from '@thingward/xmpp';
import type { Accounts } from '../accounts.ts';
import type { Session, SessionTable } from '../session.ts';
import { LoginRate } from './login-rate.ts';

const SAMPLE_MS = 15_000;
/** Without a stanza for so long a session counts as idle. */
const IDLE_AFTER_MS = 5 * 60_000;

interface Sample {
  readonly received: number;
  readonly at: number;
  /** When its count was last seen to grow. */
  readonly activeAt: number;
  readonly perSecond: number;
}

/**
 * When accounts were last signed in to, and which sessions are in use. Looks at counts every now and then, so that nothing has to
 * be noted down for each stanza.
 */
export class ActivityWatch {
  readonly #accounts: Accounts;
  readonly #sessions: SessionTable;
  readonly #log: Logger;
  readonly #samples = new WeakMap<Session, Sample>();
  /** Logins that are not in the database yet. */
  #logins = new Map<string, number>();
  readonly #loginRate = new LoginRate(Date.now());
  readonly #timer: NodeJS.Timeout;

  constructor(accounts: Accounts, sessions: SessionTable, log: Logger) {
    this.#accounts = accounts;
    this.#sessions = sessions;
    this.#log = log;
    this.#timer = setInterval(() => {
      this.sample(Date.now());
      void this.flush();
    }, SAMPLE_MS).unref();
  }

  /** To be called for each new session. */
  signedIn({ localpart, boundAt }: Session): void {
    this.#logins.set(localpart, boundAt.getTime());
    this.#loginRate.count(localpart, boundAt.getTime());
  }

  /** The last login, where it is not in the database yet. */
  lastLogin(localpart: string): Date | undefined {
    const time = this.#logins.get(localpart);
    return time === undefined ? undefined : new Date(time);
  }

  /** Over the last hour, since the server has started. */
  loginsPerMinute(localpart: string, now = Date.now()): number {
    return this.#loginRate.perMinute(localpart, now);
  }

  /** Nobody is at a session whose client says so (XEP-0352), or that has sent nothing for some minutes. */
  isIdle(session: Session, now = Date.now()): boolean {
    if (session.gate !== undefined) return true;
    const sample = this.#samples.get(session);
    if (!sample) return now - session.boundAt.getTime() > IDLE_AFTER_MS && session.received === 0;
    return session.received === sample.received && now - sample.activeAt > IDLE_AFTER_MS;
  }

  /** Stanzas the client sends, over the last quarter of a minute. */
  stanzasPerSecond(session: Session): number {
    return this.#samples.get(session)?.perSecond ?? 0;
  }

  sample(now: number): void {
    for (const session of this.#sessions.all()) {
      const before = this.#samples.get(session);
      const start = before?.at ?? session.boundAt.getTime();
      const grown = session.received - (before?.received ?? 0);
      this.#samples.set(session, {
        received: session.received,
        at: now,
        activeAt: grown > 0 ? now : (before?.activeAt ?? start),
        perSecond: (grown * 1000) / Math.max(1, now - start),
      });
    }
  }

  /** Writes logins down. Those that can't be written are tried again. */
  async flush(): Promise<void> {
    if (this.#logins.size === 0) return;
    const logins = this.#logins;
    this.#logins = new Map();
    try {
      await this.#accounts.recordLogins(logins);
    } catch (error) {
      this.#log.error({ err: error }, 'the times of logins could not be written down');
      this.#logins = new Map([...logins, ...this.#logins]);
    }
  }

  stop(): Promise<void> {
    clearInterval(this.#timer);
    return this.flush();
  }
}
