import { Jid } from '@thingward/xmpp';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { PolicyError, type PolicyProblem } from '../policy/policy-error.ts';

const bareJid = z.string().transform((text, context): string => {
  const jid = Jid.tryParse(text);
  if (jid && jid.resource === undefined) return jid.toString();
  context.addIssue({ code: 'custom', message: `expected an address such as ana@example.org, got "${text}"` });
  return z.NEVER;
});

const name = z.string().min(1).max(200);

const node = z.strictObject({
  sites: z.array(name).default([]),
  interfaces: z.array(name).default([]),
  /** nodeId of the node it is part of. */
  parent: z.string().min(1).optional(),
});

const thing = z.strictObject({
  owner: bareJid.optional(),
  sites: z.array(name).default([]),
  interfaces: z.array(name).default([]),
  nodes: z.record(z.string().min(1), node).default({}),
});

function isTimeZone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

/** What the file `entities.yaml` beside policies says. */
export const entitiesFileSchema = z.strictObject({
  /** Of hours, days and dates in policies; that of the computer when not given. */
  timeZone: z.string().refine(isTimeZone, 'expected a time zone such as Europe/Berlin').optional(),
  /** Accounts, or whole domains, by group. */
  groups: z.record(name, z.array(bareJid)).default({}),
  /** Groups that are in other groups. */
  groupsIn: z.record(name, z.array(name)).default({}),
  /** Sites that are in other sites. */
  sites: z.record(name, z.strictObject({ in: z.array(name).default([]) })).default({}),
  /** Things and services that policies are about, beside those in the registry. */
  things: z.record(bareJid, thing).default({}),
});
export type EntitiesFile = z.output<typeof entitiesFileSchema>;

export const NO_ENTITIES: EntitiesFile = entitiesFileSchema.parse({});

/** @throws PolicyError with the line of what is wrong */
export function parseEntitiesFile(text: string, file: string): EntitiesFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const problem = (offset: number, message: string): PolicyProblem => {
    const { line, col } = lines.linePos(offset);
    return { severity: 'error', file, line: Math.max(1, line), column: Math.max(1, col), message };
  };
  if (document.errors.length > 0) {
    throw new PolicyError(
      'policy-invalid',
      document.errors.map(({ pos, message }) => problem(pos[0], message.split('\n')[0] ?? message)),
    );
  }
  const parsed = entitiesFileSchema.safeParse(document.toJS() ?? {});
  if (parsed.success) return parsed.data;
  throw new PolicyError(
    'policy-invalid',
    parsed.error.issues.map(({ path, message }) => {
      const at = document.getIn(path, true) as { readonly range?: readonly number[] } | undefined;
      return problem(at?.range?.[0] ?? 0, `${path.join('.')}: ${message}`);
    }),
  );
}
