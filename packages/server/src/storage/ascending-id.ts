import { isSqlite } from '@thingward/services';
import { type ColumnDefinitionBuilder, type Kysely, type RawBuilder, sql } from 'kysely';

/** A column that counts up with each row, and never gives a number again. To be spread into `addColumn` after the name. */
export function ascendingId(
  database: Kysely<unknown>,
): [type: RawBuilder<unknown>, build: (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder] {
  return isSqlite(database)
    ? [sql`integer`, (column) => column.primaryKey().autoIncrement()]
    : [sql`bigserial`, (column) => column.primaryKey()];
}
