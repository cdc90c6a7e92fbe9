import type { CommandState } from '@thingward/things';
import { type Element, parseElement } from '@thingward/xml';
import { Jid } from '@thingward/xmpp';
import type { Kysely, Selectable } from 'kysely';
import type { BatterySchema, CommandKind, CommandTable } from './tables.ts';

/** A command or a read-out for a Thing that sleeps. */
export interface KeptCommand {
  readonly id: string;
  readonly localpart: string;
  readonly sender: Jid;
  readonly addressee: Jid;
  readonly kind: CommandKind;
  readonly stanzaId: string | undefined;
  readonly receivedAt: Date;
  readonly expiresAt: Date;
  readonly payload: Element;
  readonly state: CommandState;
  readonly finishedAt: Date | undefined;
  /** It is not given to the Thing before; undefined: as soon as it wakes. */
  readonly notBefore: Date | undefined;
  /** The identity of a read-out; undefined for a command. */
  readonly readout: string | undefined;
}

/** What takes the place of a command that waits. */
export interface Replacement {
  readonly id: string;
  /** What is left of it; undefined: nothing, it is superseded. */
  readonly rest: Element | undefined;
}

/** Commands for Things that sleep, in the database: those that wait, those on their way, and what became of others for a while. */
export class CommandStore {
  readonly #database: Kysely<BatterySchema>;

  constructor(database: Kysely<BatterySchema>) {
    this.#database = database;
  }

  /** Keeps a command, along with what it does to others, all or nothing. */
  async add(command: KeptCommand, replaced: readonly Replacement[]): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      for (const { id, rest } of replaced) {
        const changes = rest
          ? { payload: rest.toString(), size: rest.toString().length }
          : { state: 'superseded' as const, finished_at: command.receivedAt.getTime() };
        await transaction.updateTable('battery_command').set(changes).where('id', '=', id).execute();
      }
      const payload = command.payload.toString();
      await transaction
        .insertInto('battery_command')
        .values({
          id: command.id,
          localpart: command.localpart,
          sender: command.sender.toString(),
          sender_account: command.sender.bare.toString(),
          addressee: command.addressee.toString(),
          kind: command.kind,
          stanza_id: command.stanzaId ?? null,
          received_at: command.receivedAt.getTime(),
          expires_at: command.expiresAt.getTime(),
          size: payload.length,
          payload,
          state: command.state,
          finished_at: null,
          not_before: command.notBefore?.getTime() ?? null,
          readout: command.readout ?? null,
        })
        .execute();
    });
  }

  /** Those of an account in one of these states, in the order in which they came. */
  async list(localpart: string, states: readonly CommandState[]): Promise<readonly KeptCommand[]> {
    const rows = await this.#database
      .selectFrom('battery_command')
      .selectAll()
      .where('localpart', '=', localpart)
      .where('state', 'in', states)
      .orderBy('received_at')
      .orderBy('id')
      .execute();
    return rows.map(toCommand);
  }

  async get(localpart: string, id: string): Promise<KeptCommand | undefined> {
    const row = await this.#database
      .selectFrom('battery_command')
      .selectAll()
      .where('localpart', '=', localpart)
      .where('id', '=', id)
      .executeTakeFirst();
    return row && toCommand(row);
  }

  /** From now on they are on their way: whatever happens, they are not delivered again. */
  async markDelivered(ids: readonly string[]): Promise<void> {
    await this.#database.updateTable('battery_command').set({ state: 'delivered' }).where('id', 'in', ids).execute();
  }

  async finish(id: string, state: CommandState, at: Date): Promise<void> {
    await this.#database
      .updateTable('battery_command')
      .set({ state, finished_at: at.getTime() })
      .where('id', '=', id)
      .execute();
  }

  /** Those that wait and whose time is over. */
  async expired(now: Date): Promise<readonly KeptCommand[]> {
    const rows = await this.#database
      .selectFrom('battery_command')
      .selectAll()
      .where('state', '=', 'waiting')
      .where('expires_at', '<=', now.getTime())
      .orderBy('expires_at')
      .limit(100)
      .execute();
    return rows.map(toCommand);
  }

  /** When the next one expires. */
  async nextExpiry(): Promise<Date | undefined> {
    const { at } = await this.#database
      .selectFrom('battery_command')
      .select(({ fn }) => fn.min('expires_at').as('at'))
      .where('state', '=', 'waiting')
      .executeTakeFirstOrThrow();
    return at === null ? undefined : new Date(Number(at));
  }

  /** Those that were on their way when the server ended. */
  async underway(): Promise<readonly KeptCommand[]> {
    const rows = await this.#database
      .selectFrom('battery_command')
      .selectAll()
      .where('state', '=', 'delivered')
      .execute();
    return rows.map(toCommand);
  }

  /** Forgets what became of commands before a time. */
  async forget(before: Date): Promise<void> {
    await this.#database.deleteFrom('battery_command').where('finished_at', '<', before.getTime()).execute();
  }

  /** Forgets the oldest outcomes of an account beyond so many. */
  async trim(localpart: string, most: number): Promise<void> {
    const kept = this.#database
      .selectFrom('battery_command')
      .select('id')
      .where('localpart', '=', localpart)
      .where('finished_at', 'is not', null)
      .orderBy('finished_at', 'desc')
      .limit(most);
    await this.#database
      .deleteFrom('battery_command')
      .where('localpart', '=', localpart)
      .where('finished_at', 'is not', null)
      .where('id', 'not in', kept)
      .execute();
  }
}

function toCommand(row: Selectable<CommandTable>): KeptCommand {
  return {
    id: row.id,
    localpart: row.localpart,
    sender: Jid.parse(row.sender),
    addressee: Jid.parse(row.addressee),
    kind: row.kind,
    stanzaId: row.stanza_id ?? undefined,
    receivedAt: new Date(Number(row.received_at)),
    expiresAt: new Date(Number(row.expires_at)),
    payload: parseElement(row.payload),
    state: row.state,
    finishedAt: row.finished_at === null ? undefined : new Date(Number(row.finished_at)),
    notBefore: row.not_before === null ? undefined : new Date(Number(row.not_before)),
    readout: row.readout ?? undefined,
  };
}
