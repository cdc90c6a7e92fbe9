import type { Kysely } from 'kysely';
import type { ProvisioningTables } from './tables.ts';

/** Rules about Things behind these bare JIDs have changed: they have to be told. In the transaction of the change, so that neither is without the other. */
export async function markChanged(database: Kysely<ProvisioningTables>, jids: readonly string[]): Promise<void> {
  if (jids.length === 0) return;
  await database
    .updateTable('provisioning_things')
    .set(({ eb }) => ({ needs_clear: eb('needs_clear', '+', 1) }))
    .where('jid', 'in', jids)
    .execute();
}
