import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '@thingward/xmpp';
import { configurationText, type StreamConfiguration } from '@thingward/xmpp/exi';
import type { Kysely } from 'kysely';
import type { ExiSchema } from './exi-tables.ts';

/** Bytes of an identifier: nobody guesses one that was given to another. */
const ID_BYTES = 9;

interface Known {
  readonly configuration: StreamConfiguration;
  /** Localpart of the account it is for alone; '' for all. */
  readonly owner: string;
}

/**
 * Configurations that were agreed on, by the identifiers clients ask for them with later. They stay over restarts; the one that was
 * used longest ago makes room for the next.
 * @see XEP-0322 §2.2.6
 */
export class KnownConfigurations {
  readonly #database: Kysely<ExiSchema>;
  readonly #max: () => number;
  readonly #log: Logger;
  /** In the order of their last use. */
  readonly #byId = new Map<string, Known>();
  readonly #ids = new Map<string, string>();

  /** @param max how many are kept */
  constructor(database: Kysely<ExiSchema>, max: () => number, log: Logger) {
    this.#database = database;
    this.#max = max;
    this.#log = log;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Reads what was kept before. */
  async load(): Promise<void> {
    const rows = await this.#database.selectFrom('exi_configuration').selectAll().orderBy('used_at').execute();
    for (const { id, configuration, owner } of rows) {
      this.#put(id, { configuration: JSON.parse(configuration) as StreamConfiguration, owner });
    }
  }

  /** @param account localpart of who asks; undefined while nobody has authenticated */
  get(id: string, account: string | undefined): StreamConfiguration | undefined {
    const known = this.#byId.get(id);
    if (!known || (known.owner !== '' && known.owner !== account)) return undefined;
    this.#put(id, known);
    this.#write(() =>
      this.#database.updateTable('exi_configuration').set({ used_at: Date.now() }).where('id', '=', id).execute(),
    );
    return known.configuration;
  }

  /** Was the same agreed on before, for all? */
  isKnown(configuration: StreamConfiguration): boolean {
    return this.#ids.has(keyOf({ configuration, owner: '' }));
  }

  /** @param owner localpart of the account it is for alone; '' for all @returns its identifier */
  remember(configuration: StreamConfiguration, owner: string): string {
    const known = { configuration, owner };
    const before = this.#ids.get(keyOf(known));
    if (before !== undefined) return before;
    const id = randomBytes(ID_BYTES).toString('base64url');
    this.#put(id, known);
    this.#write(() =>
      this.#database
        .insertInto('exi_configuration')
        .values({ id, configuration: JSON.stringify(configuration), owner, used_at: Date.now() })
        .execute(),
    );
    while (this.#byId.size > this.#max()) this.#removeOldest();
    return id;
  }

  #put(id: string, known: Known): void {
    this.#byId.delete(id);
    this.#byId.set(id, known);
    this.#ids.set(keyOf(known), id);
  }

  #removeOldest(): void {
    const [id, known] = this.#byId.entries().next().value as [string, Known];
    this.#byId.delete(id);
    this.#ids.delete(keyOf(known));
    this.#write(() => this.#database.deleteFrom('exi_configuration').where('id', '=', id).execute());
  }

  /** A client that comes before it is written negotiates once more: nothing waits for the disk. */
  #write(work: () => Promise<unknown>): void {
    work().catch((error: unknown) => this.#log.error({ err: error }, 'a configuration of EXI could not be kept'));
  }
}

function keyOf({ configuration, owner }: Known): string {
  return `${owner} ${configurationText(configuration)}`;
}

/** What is in the file of that name in a directory; undefined where there is none. @see XEP-0322 §3.11 */
export function readConfigurationFile(directory: string, name: string): string | undefined {
  // The name is a client's: nothing but what is listed is opened.
  const isThere = readdirSync(directory, { withFileTypes: true }).some(
    (entry) => entry.isFile() && entry.name === name,
  );
  return isThere ? readFileSync(join(directory, name), 'utf8') : undefined;
}
