import { z } from 'zod';

const positive = z.number().int().min(1);

/** Of mailboxes for Things that sleep. */
export const mailboxSchema = z
  .strictObject({
    enabled: z.boolean().default(true),
    maxCommands: positive.max(10_000).default(100),
    maxCommandsPerSender: positive.max(10_000).default(20),
    maxBytes: positive.default(262_144),
    defaultExpirySeconds: positive.default(86_400),
    maxExpirySeconds: positive.default(2_592_000),
    answerTimeoutMs: positive.max(600_000).default(30_000),
    maxSleepSeconds: positive.max(31_536_000).default(604_800),
    maxStateBytes: positive.default(65_536),
    keepOutcomesSeconds: positive.default(86_400),
  })
  .prefault({});

/** How much may wait for Things that sleep, and how long. */
export type MailboxSettings = z.output<typeof mailboxSchema>;
