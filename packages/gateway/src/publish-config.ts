import { DEFAULT_PUBLICATION, FIELD_TYPES } from '@thingward/things';
import { Jid } from '@thingward/xmpp';
import { z } from 'zod';

const serviceJid = z.string().transform((text, context): Jid => {
  const jid = Jid.tryParse(text);
  if (jid && !jid.isFull) return jid;
  context.addIssue({ code: 'custom', message: `expected the address of a service, got "${text}"` });
  return z.NEVER;
});

const change = z.union([
  z.number().positive(),
  z
    .strictObject({ by: z.number().positive(), up: z.number().positive(), down: z.number().positive() })
    .partial()
    .refine((changes) => Object.keys(changes).length > 0, 'expected at least one of by, up and down'),
]);

const { filter, maxItems, batchMs } = DEFAULT_PUBLICATION;

/** What a Thing publishes to one node. Every key is described in docs/configuration.md. */
const publicationSchema = z
  .strictObject({
    service: serviceJid.optional(),
    pep: z.boolean().default(false),
    node: z
      .string()
      .min(1)
      .max(512)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters a node must not have
      .regex(/^[^\u0000-\u001f\u007f-\u009f]+$/, 'a node has no control characters')
      .optional(),
    title: z.string().min(1).max(256).optional(),
    fields: z.array(z.string().min(1)).default([]),
    types: z.array(z.enum(FIELD_TYPES)).default([...filter.types]),
    minIntervalMs: z.number().int().min(0).default(filter.minIntervalMs),
    maxIntervalMs: z.number().int().min(1).optional(),
    changes: z.record(z.string().min(1), change).default({}),
    batchMs: z.number().int().min(0).max(86_400_000).default(batchMs),
    maxItems: z.number().int().min(1).max(10_000).default(maxItems),
    expireSeconds: z.number().int().min(1).optional(),
    access: z
      .union([
        z.enum(['readers', 'authorize']),
        z.strictObject({ rosterGroups: z.array(z.string().min(1)).min(1).max(100) }),
      ])
      .default('readers'),
  })
  .refine(({ service, pep }) => !(pep && service), { message: 'service and pep exclude each other', path: ['pep'] });

export type PublicationConfig = z.output<typeof publicationSchema>;

/** `true` for one publication with everything as it is by default, one publication, or several. */
export const publishSchema = z
  .union([z.boolean(), publicationSchema, z.array(publicationSchema).max(10)])
  .default(false)
  .transform((publish): readonly PublicationConfig[] => {
    if (publish === false) return [];
    if (publish === true) return [publicationSchema.parse({})];
    return Array.isArray(publish) ? publish : [publish];
  });
