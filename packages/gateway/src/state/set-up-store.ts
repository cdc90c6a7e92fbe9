import type { Jid } from '@thingward/xmpp';
import type { KeptSetUp, SetUpKeeper } from '@thingward/xmpp/exi';
import type { StateDatabase } from './state-database.ts';

interface SetUpRow {
  readonly configuration_id: string;
  readonly configuration: string;
  readonly proposal: string;
  readonly grammars: Uint8Array;
}

/** Keeps what was agreed on with servers for EXI, compiled schemas with it, so that a start neither negotiates nor compiles. @see XEP-0322 §2.2.6 */
export class StoredSetUps implements SetUpKeeper {
  readonly #database: StateDatabase;

  constructor(database: StateDatabase) {
    this.#database = database;
  }

  load({ domain }: Jid): KeptSetUp | undefined {
    const row = this.#database
      .prepare('SELECT configuration_id, configuration, proposal, grammars FROM exi_set_up WHERE domain = ?')
      .get(domain) as SetUpRow | undefined;
    if (!row) return undefined;
    return {
      configurationId: row.configuration_id,
      configuration: JSON.parse(row.configuration) as KeptSetUp['configuration'],
      proposal: row.proposal,
      grammars: new Uint8Array(row.grammars),
    };
  }

  save({ domain }: Jid, kept: KeptSetUp | undefined): void {
    if (!kept) {
      this.#database.prepare('DELETE FROM exi_set_up WHERE domain = ?').run(domain);
      return;
    }
    const { configurationId, configuration, proposal, grammars } = kept;
    this.#database
      .prepare(
        `INSERT INTO exi_set_up (domain, configuration_id, configuration, proposal, grammars) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET configuration_id = excluded.configuration_id, configuration = excluded.configuration,
           proposal = excluded.proposal, grammars = excluded.grammars`,
      )
      .run(domain, configurationId, JSON.stringify(configuration), proposal, Buffer.from(grammars));
  }
}
