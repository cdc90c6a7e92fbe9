import type { Kysely } from 'kysely';
import type { ThingColumns } from '../node-columns.ts';
import type { RegistryTables } from '../registry/tables.ts';

/** Whom Things belong to. */
export interface Owners {
  /** Bare JID of the owner; undefined: nobody. */
  ownerOf(thing: ThingColumns): Promise<string | undefined>;
  /** Bare JIDs of all who own a Thing behind this bare JID. */
  ownersBehind(jid: string): Promise<readonly string[]>;
  /** Does the owner know of the Things behind this bare JID? Who claimed them does. */
  knowsOf(owner: string, jid: string): Promise<boolean>;
  /** The owner has decided something about a Thing behind this bare JID. */
  confirm?(owner: string, jid: string): Promise<void>;
  /** A Thing says whom it belongs to; left out where that is known better. @returns is it somebody else than before? */
  told?(thing: ThingColumns, owner: string | undefined): Promise<boolean>;
}

/** As the Thing Registry with this database has it. A Thing that owns itself has nobody who could decide. */
export function registryOwners(database: Kysely<RegistryTables>): Owners {
  return {
    ownerOf: async ({ jid, node_id, source_id, cache_type }) => {
      const row = await database
        .selectFrom('registry_things')
        .select('owner')
        .where('jid', '=', jid)
        .where('node_id', '=', node_id)
        .where('source_id', '=', source_id)
        .where('cache_type', '=', cache_type)
        .executeTakeFirst();
      return row?.owner && row.owner !== jid ? row.owner : undefined;
    },
    ownersBehind: async (jid) => {
      const rows = await database
        .selectFrom('registry_things')
        .select('owner')
        .distinct()
        .where('jid', '=', jid)
        .execute();
      return rows.flatMap(({ owner }) => (owner && owner !== jid ? [owner] : []));
    },
    knowsOf: async () => true,
  };
}
