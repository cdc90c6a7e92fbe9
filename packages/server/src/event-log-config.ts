import { Jid } from '@thingward/xmpp';
import { z } from 'zod';

const reader = z.string().transform((text, context): Jid => {
  const jid = Jid.tryParse(text);
  if (jid && !jid.isFull) return jid;
  context.addIssue({ code: 'custom', message: `expected an address such as admin@example.org, got "${text}"` });
  return z.NEVER;
});

const domain = z.string().transform((text, context): Jid => {
  const jid = Jid.tryParse(text);
  if (jid && jid.local === undefined && !jid.isFull) return jid;
  context.addIssue({ code: 'custom', message: `expected a domain such as eventlog.example.org, got "${text}"` });
  return z.NEVER;
});

const positive = z.number().int().positive();

const log = z.strictObject({
  readers: z.array(reader).default([]),
  retentionDays: positive.default(90),
  maxEvents: positive.default(1_000_000),
  publish: z
    .strictObject({
      node: z.string().min(1),
      leastType: z
        .enum(['Debug', 'Informational', 'Notice', 'Warning', 'Error', 'Critical', 'Alert', 'Emergency'])
        .default('Warning'),
    })
    .optional(),
});

/** The log of events. Every key is described in docs/configuration.md. @see XEP-0337 */
export const eventLogSchema = log.prefault({});

/** The log of events beside a server, and where the server tells its own events: a domain, or `none`. */
export const serverEventLogSchema = log.extend({ at: z.union([z.literal('none'), domain]).optional() }).prefault({});

export type EventLogConfig = z.output<typeof eventLogSchema>;
