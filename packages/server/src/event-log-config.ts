import { Jid } from '@thingward/xmpp';
import { z } from 'zod';

const reader = z.string().transform((text, context): Jid => {
  const jid = Jid.tryParse(text);
  if (jid && !jid.isFull) return jid;
  context.addIssue({ code: 'custom', message: `expected an address such as admin@example.org, got "${text}"` });
  return z.NEVER;
});

const positive = z.number().int().positive();

/** The log of events. Every key is described in docs/configuration.md. @see XEP-0337 */
export const eventLogSchema = z
  .strictObject({
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
  })
  .prefault({});

export type EventLogConfig = z.output<typeof eventLogSchema>;
