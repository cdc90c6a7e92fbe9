import { KEY_TAG, type SearchOperator } from '@thingward/things';
import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely';
import type { RegistryTables } from './tables.ts';

type TagExpressions = ExpressionBuilder<RegistryTables, 'registry_tags'>;
type Column = 'text_value' | 'number_value';

/** Can the search find anything? What refers to KEY never does. @see XEP-0347 §3.15 */
export function canFind(operators: readonly SearchOperator[]): boolean {
  return operators.every(({ name }) => name !== KEY_TAG);
}

/** The operator as a condition on a row of `registry_tags` of the same name. */
export function tagCondition(eb: TagExpressions, operator: SearchOperator, sqlite: boolean): Expression<SqlBool> {
  switch (operator.operator) {
    case 'strEq':
    case 'numEq':
      return eb(columnOf(operator), '=', operator.value);
    case 'strNEq':
    case 'numNEq':
      return eb(columnOf(operator), '!=', operator.value);
    case 'strGt':
    case 'numGt':
      return eb(columnOf(operator), '>', operator.value);
    case 'strGtEq':
    case 'numGtEq':
      return eb(columnOf(operator), '>=', operator.value);
    case 'strLt':
    case 'numLt':
      return eb(columnOf(operator), '<', operator.value);
    case 'strLtEq':
    case 'numLtEq':
      return eb(columnOf(operator), '<=', operator.value);
    case 'strRange':
    case 'numRange':
      return eb.and([
        eb(columnOf(operator), operator.minIncluded === false ? '>' : '>=', operator.min),
        eb(columnOf(operator), operator.maxIncluded === false ? '<' : '<=', operator.max),
      ]);
    case 'strNRange':
    case 'numNRange':
      return eb.or([
        eb(columnOf(operator), operator.minIncluded === false ? '<=' : '<', operator.min),
        eb(columnOf(operator), operator.maxIncluded === false ? '>=' : '>', operator.max),
      ]);
    case 'strMask':
      // LIKE ignores the case of letters on SQLite, and GLOB is unknown on PostgreSQL.
      return sqlite
        ? eb(
            'text_value',
            sql`glob`,
            mask(operator, '*', (text) => text.replace(/[[*?]/g, '[$&]')),
          )
        : eb(
            'text_value',
            'like',
            mask(operator, '%', (text) => text.replace(/[\\%_]/g, '\\$&')),
          );
  }
}

function columnOf({ operator }: SearchOperator): Column {
  return operator.startsWith('str') ? 'text_value' : 'number_value';
}

/** The mask in another language: `any` for the wildcard, the rest escaped. */
function mask(
  { value, wildcard }: { value: string; wildcard: string },
  any: string,
  quote: (text: string) => string,
): string {
  return value.split(wildcard).map(quote).join(any);
}
