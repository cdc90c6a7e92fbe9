import { randomUUID } from 'node:crypto';
import { xml } from '@thingward/xml';
import { type Logger, message } from '@thingward/xmpp';
import type { Kysely, Migration } from 'kysely';
import type { Accounts } from '../accounts.ts';
import type { Router } from '../router.ts';
import type { Session, SessionTable } from '../session.ts';
import { Stanza } from '../stanza.ts';
import type { ServerSchema } from '../storage/schema.ts';
import type { Settings } from '../storage/settings.ts';
import type { ActivityWatch } from './activity-watch.ts';

const MOTD = 'message-of-the-day';
const WELCOME = 'welcome-message';

interface Motd {
  /** Another text with the same id is a correction. */
  readonly id: string;
  readonly text: string;
}

interface MotdSeenTable {
  localpart: string;
  motd: string;
}

export const announcementMigrations: Readonly<Record<string, Migration>> = {
  '2026-11-26-server-motd-seen': {
    async up(database: Kysely<unknown>): Promise<void> {
      await database.schema
        .createTable('motd_seen')
        .addColumn('localpart', 'text', (column) =>
          column.primaryKey().references('account.localpart').onDelete('cascade'),
        )
        .addColumn('motd', 'text', (column) => column.notNull())
        .execute();
    },
  },
};

export interface AnnouncementOptions {
  readonly database: Kysely<ServerSchema>;
  readonly settings: Settings;
  readonly accounts: Accounts;
  readonly activity: ActivityWatch;
  readonly router: Router;
  readonly sessions: SessionTable;
  readonly log: Logger;
}

/** What administrators say to everybody: now, to each at the next occasion (once), or to newcomers. @see XEP-0133 §4.23 to §4.28 */
export class Announcements {
  readonly #options: AnnouncementOptions;
  readonly #database: Kysely<{ motd_seen: MotdSeenTable }>;
  /** What is in the database; undefined: not read yet. */
  #motd: Motd | 'none' | undefined;
  #welcome: { readonly text: string | undefined } | undefined;

  constructor(options: AnnouncementOptions) {
    this.#options = options;
    this.#database = options.database.withTables<{ motd_seen: MotdSeenTable }>();
  }

  /** To all who are there. @returns how many accounts that were */
  announce(subject: string, text: string): number {
    return this.#toAll(subject, text).size;
  }

  async motd(): Promise<string | undefined> {
    const motd = await this.#currentMotd();
    return motd === 'none' ? undefined : motd.text;
  }

  /** To all who are there, and to the others when they come. */
  async setMotd(text: string): Promise<void> {
    const motd: Motd = { id: randomUUID(), text };
    await this.#saveMotd(motd);
    for (const localpart of this.#toAll('Message of the day', text)) await this.#seen(localpart, motd);
  }

  /** Another text for those who have not seen it. @returns false when there is none to correct */
  async editMotd(text: string): Promise<boolean> {
    const motd = await this.#currentMotd();
    if (motd === 'none') return false;
    await this.#saveMotd({ id: motd.id, text });
    return true;
  }

  async deleteMotd(): Promise<void> {
    await this.#options.settings.delete(MOTD);
    this.#motd = 'none';
    await this.#database.deleteFrom('motd_seen').execute();
  }

  async welcome(): Promise<string | undefined> {
    this.#welcome ??= { text: await this.#options.settings.get(WELCOME) };
    return this.#welcome.text;
  }

  async setWelcome(text: string): Promise<void> {
    await this.#options.settings.set(WELCOME, text);
    this.#welcome = { text };
  }

  async deleteWelcome(): Promise<void> {
    await this.#options.settings.delete(WELCOME);
    this.#welcome = { text: undefined };
  }

  /** To be asked when a session is bound: is there a welcome for its account, which was never signed in to before? Never throws. */
  async isNewcomer({ localpart, boundAt }: Session): Promise<boolean> {
    const { accounts, activity, log } = this.#options;
    if (activity.lastLogin(localpart)) return false;
    try {
      if ((await this.welcome()) === undefined) return false;
      const before = (await accounts.state(localpart))?.lastLoginAt;
      return before === undefined || before.getTime() >= boundAt.getTime();
    } catch (error) {
      log.error({ err: error }, 'it could not be found out whether somebody is new');
      return false;
    }
  }

  /** Somebody has come who can read. */
  async arrived(session: Session, isNewcomer: boolean): Promise<void> {
    const welcome = isNewcomer ? await this.welcome() : undefined;
    if (welcome !== undefined) this.#toSession(session, 'Welcome', welcome);
    const motd = await this.#currentMotd();
    if (motd === 'none') return;
    const row = await this.#database
      .selectFrom('motd_seen')
      .select('motd')
      .where('localpart', '=', session.localpart)
      .executeTakeFirst();
    if (row?.motd === motd.id) return;
    await this.#seen(session.localpart, motd);
    this.#toSession(session, 'Message of the day', motd.text);
  }

  async #currentMotd(): Promise<Motd | 'none'> {
    if (this.#motd) return this.#motd;
    const stored = await this.#options.settings.get(MOTD);
    this.#motd = stored === undefined ? 'none' : (JSON.parse(stored) as Motd);
    return this.#motd;
  }

  async #saveMotd(motd: Motd): Promise<void> {
    await this.#options.settings.set(MOTD, JSON.stringify(motd));
    this.#motd = motd;
  }

  async #seen(localpart: string, { id }: Motd): Promise<void> {
    await this.#database
      .insertInto('motd_seen')
      .values({ localpart, motd: id })
      .onConflict((conflict) => conflict.column('localpart').doUpdateSet({ motd: id }))
      .execute();
  }

  /** @returns the accounts */
  #toAll(subject: string, text: string): ReadonlySet<string> {
    const reached = new Set<string>();
    for (const session of this.#options.sessions.all()) {
      if (session.available === undefined) continue;
      reached.add(session.localpart);
      this.#toSession(session, subject, text);
    }
    return reached;
  }

  #toSession(session: Session, subject: string, text: string): void {
    const element = message('headline', {}, xml('subject', {}, subject), xml('body', {}, text));
    session.send(Stanza.made(element, this.#options.router.domain, session.jid));
  }
}
