import { filesIn, linesOf } from './audit-folder.ts';
import { type AuditRecord, parseLine } from './audit-line.ts';

/** Which records. What is not given does not matter. */
export interface AuditFilter {
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  /** As the record calls them. */
  readonly principal?: string | undefined;
  /** `jid`, which means its nodes, too, or `jid#node`. */
  readonly thing?: string | undefined;
  readonly action?: string | undefined;
  readonly effect?: string | undefined;
  readonly kind?: string | undefined;
}

/** Records of a log in order. @throws AuditError for a line that is none: `verify` says more */
export async function* auditRecords(folder: string, filter: AuditFilter = {}): AsyncGenerator<AuditRecord> {
  for (const { path } of filesIn(folder)) {
    for await (const { text, isWhole } of linesOf(path)) {
      if (!isWhole) continue;
      const record = parseLine(text);
      if (fits(record, filter)) yield record;
    }
  }
}

function fits({ entry }: AuditRecord, { from, to, principal, thing, action, effect, kind }: AuditFilter): boolean {
  const at = Date.parse(entry.at);
  return (
    (from === undefined || at >= from.getTime()) &&
    (to === undefined || at < to.getTime()) &&
    (principal === undefined || entry.who === principal) &&
    (action === undefined || entry.action === action) &&
    (effect === undefined || entry.effect === effect) &&
    (kind === undefined || entry.kind === kind) &&
    (thing === undefined ||
      isAbout(entry.thing, thing) ||
      operationsOf(entry.operations).some((one) => isAbout(one, thing)))
  );
}

function operationsOf(operations: unknown): readonly unknown[] {
  return Array.isArray(operations) ? operations.map((one: { readonly thing?: unknown } | null) => one?.thing) : [];
}

function isAbout(value: unknown, thing: string): boolean {
  return typeof value === 'string' && (value === thing || value.startsWith(`${thing}#`));
}
