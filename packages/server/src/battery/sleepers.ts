import {
  BATTERY,
  decodeNodeForms,
  decodeReadoutMessage,
  encodeNodeForms,
  encodeReadoutMessage,
  type Field,
  type NodeForm,
  nextWaking,
  type Sleeper,
  type SleepReport,
  type SleepSchedule,
} from '@thingward/things';
import { parseElement } from '@thingward/xml';
import type { Kysely, Selectable, Updateable } from 'kysely';
import type { BatterySchema, SleeperTable } from './tables.ts';

/** An account whose Thing sleeps, as it is kept in memory. */
export interface KnownSleeper {
  readonly schedule: SleepSchedule;
  readonly isAsleep: boolean;
  readonly since: Date;
  readonly owner: string | undefined;
  /** Bare JIDs; undefined: all who see its presence. */
  readonly readers: ReadonlySet<string> | undefined;
}

/** What a Thing has left behind. */
export interface KeptState {
  readonly fields: readonly Field[];
  readonly at: Date;
}

/** Things that sleep: their schedules in memory and in the database, what they left behind in the database alone. */
export class Sleepers {
  readonly #database: Kysely<BatterySchema>;
  readonly #known = new Map<string, KnownSleeper>();

  constructor(database: Kysely<BatterySchema>) {
    this.#database = database;
  }

  async load(): Promise<void> {
    const rows = await this.#database
      .selectFrom('battery_sleeper')
      .select(['localpart', 'is_asleep', 'since', 'wakes', 'every_ms', 'listen_ms', 'next_at', 'owner', 'readers'])
      .execute();
    for (const row of rows) this.#known.set(row.localpart, toSleeper(row));
  }

  has(localpart: string): boolean {
    return this.#known.has(localpart);
  }

  get(localpart: string): KnownSleeper | undefined {
    return this.#known.get(localpart);
  }

  forget(localpart: string): void {
    this.#known.delete(localpart);
  }

  /** It goes to sleep; what the report does not speak of stays as it was. @returns whether it was not known before */
  async sleeps(
    localpart: string,
    { schedule, fields, forms, readers, owner }: SleepReport,
    now: Date,
  ): Promise<boolean> {
    const former = this.#known.get(localpart);
    const allowed = readers && [...new Set(readers.map((jid) => jid.bare.toString()))];
    this.#known.set(localpart, {
      schedule,
      isAsleep: true,
      since: now,
      owner: owner?.bare.toString() ?? former?.owner,
      readers: allowed ? new Set(allowed) : former?.readers,
    });
    const row = {
      is_asleep: 1,
      since: now.getTime(),
      wakes: schedule.wakes,
      every_ms: schedule.everyMs ?? null,
      listen_ms: schedule.listenMs ?? null,
      next_at: schedule.next?.getTime() ?? null,
      ...(owner && { owner: owner.bare.toString() }),
      ...(allowed && { readers: JSON.stringify(allowed) }),
      ...(fields && { state: stateText(fields), state_at: now.getTime() }),
      ...(forms && { form: encodeNodeForms(forms).toString() }),
    };
    const empty = { owner: null, readers: null, state: null, state_at: null, form: null };
    await this.#database
      .insertInto('battery_sleeper')
      .values({ ...empty, ...row, localpart })
      .onConflict((conflict) => conflict.column('localpart').doUpdateSet(row))
      .execute();
    return former === undefined;
  }

  async wakes(localpart: string, now: Date): Promise<void> {
    const sleeper = this.#known.get(localpart);
    if (!sleeper?.isAsleep) return;
    this.#known.set(localpart, { ...sleeper, isAsleep: false, since: now });
    await this.#update(localpart, { is_asleep: 0, since: now.getTime() });
  }

  /** What it left behind; undefined when that is nothing. */
  async state(localpart: string): Promise<KeptState | undefined> {
    const row = await this.#database
      .selectFrom('battery_sleeper')
      .select(['state', 'state_at'])
      .where('localpart', '=', localpart)
      .executeTakeFirst();
    if (!row?.state) return undefined;
    const message = decodeReadoutMessage(parseElement(row.state));
    return { fields: message.kind === 'fields' ? message.fields : [], at: new Date(Number(row.state_at)) };
  }

  /** Newer values of fields that it has left behind. */
  async refresh(localpart: string, fields: readonly Field[], now: Date): Promise<void> {
    await this.#update(localpart, { state: stateText(fields), state_at: now.getTime() });
  }

  /** The control forms it left behind. */
  async forms(localpart: string): Promise<readonly NodeForm[]> {
    const row = await this.#database
      .selectFrom('battery_sleeper')
      .select('form')
      .where('localpart', '=', localpart)
      .executeTakeFirst();
    if (!row?.form) return [];
    const element = parseElement(row.form);
    return element.is('forms', BATTERY) ? decodeNodeForms(element) : [{ form: element }];
  }

  async #update(localpart: string, changes: Updateable<SleeperTable>): Promise<void> {
    await this.#database.updateTable('battery_sleeper').set(changes).where('localpart', '=', localpart).execute();
  }
}

/** How it is with it, with the waking that is next from now on. */
export function sleeperStatus({ schedule, since }: KnownSleeper, isAsleep: boolean, now: Date): Sleeper {
  return { ...schedule, next: nextWaking(schedule, now), isAsleep, since };
}

function stateText(fields: readonly Field[]): string {
  return encodeReadoutMessage({ kind: 'fields', seqnr: 0, fields, done: false }).toString();
}

type ScheduleColumns = Pick<
  Selectable<SleeperTable>,
  'is_asleep' | 'since' | 'wakes' | 'every_ms' | 'listen_ms' | 'next_at' | 'owner' | 'readers'
>;

function toSleeper(row: ScheduleColumns): KnownSleeper {
  const number = (value: number | null) => (value === null ? undefined : Number(value));
  return {
    schedule: {
      wakes: row.wakes,
      everyMs: number(row.every_ms),
      listenMs: number(row.listen_ms),
      next: row.next_at === null ? undefined : new Date(Number(row.next_at)),
    },
    isAsleep: row.is_asleep === 1,
    since: new Date(Number(row.since)),
    owner: row.owner ?? undefined,
    readers: row.readers === null ? undefined : new Set(JSON.parse(row.readers) as string[]),
  };
}

/** Length of what a report leaves behind. @throws PayloadError for fields that can't be written */
export function reportSize({ fields, forms, readers }: SleepReport): number {
  const text = [fields && stateText(fields), forms && encodeNodeForms(forms).toString(), readers?.join(' ')];
  return text.reduce((sum, part) => sum + (part?.length ?? 0), 0);
}
