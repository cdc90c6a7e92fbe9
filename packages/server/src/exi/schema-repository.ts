import type { Logger } from '@thingward/xmpp';
import type { SchemaFile, SchemaIdentity } from '@thingward/xmpp/exi';
import type { Kysely } from 'kysely';
import type { ExiSchema } from './exi-tables.ts';

/** Of all accounts. */
const EVERYBODY = '';

interface Kept {
  readonly file: SchemaFile;
  readonly owner: string;
}

/**
 * The schemas that set-ups can have: those this product ships, and those that came from clients, which stay over restarts until newer
 * ones need the room.
 * @see XEP-0322 §3.6, §3.7
 */
export class SchemaRepository {
  readonly #database: Kysely<ExiSchema>;
  readonly #shipped = new Map<string, SchemaFile>();
  /** In the order of their last use. */
  readonly #uploaded = new Map<string, Kept>();
  readonly #max: () => number;
  readonly #log: Logger;

  /** @param max how many that came from clients are kept */
  constructor(database: Kysely<ExiSchema>, shipped: readonly SchemaFile[], max: () => number, log: Logger) {
    this.#database = database;
    this.#max = max;
    this.#log = log;
    for (const file of shipped) this.#shipped.set(keyOf(EVERYBODY, file), file);
  }

  /** Those of this product. */
  get shipped(): readonly SchemaFile[] {
    return [...this.#shipped.values()];
  }

  /** How many came from clients. */
  get uploadedCount(): number {
    return this.#uploaded.size;
  }

  /** Reads what was kept before. */
  async load(): Promise<void> {
    const rows = await this.#database.selectFrom('exi_schema').selectAll().orderBy('used_at').execute();
    for (const { ns, bytes, md5, contents, owner } of rows) {
      const file = { ns, bytes, md5Hash: md5, location: `${ns} ${md5}`, contents: new Uint8Array(contents) };
      this.#uploaded.set(keyOf(owner, file), { file, owner });
    }
  }

  /** @param account localpart of who asks, who may have some of its own */
  find(identity: SchemaIdentity, account: string | undefined): SchemaFile | undefined {
    return this.#findFor(EVERYBODY, identity) ?? (account === undefined ? undefined : this.#findFor(account, identity));
  }

  /** Is this schema one that this account alone has? */
  isPrivate(identity: SchemaIdentity): boolean {
    return this.#findFor(EVERYBODY, identity) === undefined;
  }

  /** Adds one that a client sent. @param owner localpart of the account that it is for alone; undefined for all */
  async add(file: SchemaFile, owner: string = EVERYBODY): Promise<void> {
    if (this.find(file, owner)) return;
    this.#uploaded.set(keyOf(owner, file), { file, owner });
    const { ns, bytes, md5Hash: md5, contents } = file;
    await this.#database
      .insertInto('exi_schema')
      .values({ ns, bytes, md5, contents: Buffer.from(contents), owner, used_at: Date.now() })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    while (this.#uploaded.size > this.#max()) await this.#removeOldest();
  }

  /** They are in use: others make room before them. */
  use(files: readonly SchemaFile[]): void {
    for (const file of files) {
      const key = [...this.#uploaded].find(([, kept]) => kept.file === file)?.[0];
      if (key === undefined) continue;
      const kept = this.#uploaded.get(key) as Kept;
      this.#uploaded.delete(key);
      this.#uploaded.set(key, kept);
      void this.#touch(kept);
    }
  }

  #findFor(owner: string, identity: SchemaIdentity): SchemaFile | undefined {
    const key = keyOf(owner, identity);
    return this.#shipped.get(key) ?? this.#uploaded.get(key)?.file;
  }

  async #touch({ file, owner }: Kept): Promise<void> {
    try {
      await this.#database
        .updateTable('exi_schema')
        .set({ used_at: Date.now() })
        .where('owner', '=', owner)
        .where('ns', '=', file.ns)
        .where('md5', '=', file.md5Hash)
        .execute();
    } catch (error) {
      this.#log.error({ err: error }, 'the use of a schema could not be noted');
    }
  }

  async #removeOldest(): Promise<void> {
    const [key, { file, owner }] = this.#uploaded.entries().next().value as [string, Kept];
    this.#uploaded.delete(key);
    await this.#database
      .deleteFrom('exi_schema')
      .where('owner', '=', owner)
      .where('ns', '=', file.ns)
      .where('bytes', '=', file.bytes)
      .where('md5', '=', file.md5Hash)
      .execute();
  }
}

function keyOf(owner: string, { ns, bytes, md5Hash }: SchemaIdentity): string {
  return `${owner} ${md5Hash} ${bytes} ${ns}`;
}
