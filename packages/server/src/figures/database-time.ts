/** Queries that take so long are counted as slow. */
const SLOW_MS = 100;

/** What queries of a database have cost since it was opened. */
export class DatabaseTime {
  queries = 0;
  failed = 0;
  slow = 0;
  milliseconds = 0;

  took(milliseconds: number, hasFailed: boolean): void {
    this.queries++;
    this.milliseconds += milliseconds;
    if (milliseconds >= SLOW_MS) this.slow++;
    if (hasFailed) this.failed++;
  }
}
