import { z } from 'zod';
import { isPostgresUrl, postgresUrlProblem } from './postgres-url.ts';

/** `storage` of the configuration: `sqlite`, or the address of a PostgreSQL database. */
export const storageSchema = z
  .string()
  .default('sqlite')
  .transform((text, context): string => {
    if (text === 'sqlite') return text;
    const problem = isPostgresUrl(text) ? postgresUrlProblem(text) : 'expected sqlite or postgres://user@host/database';
    if (problem === undefined) return text;
    context.addIssue({ code: 'custom', message: problem });
    return z.NEVER;
  });
