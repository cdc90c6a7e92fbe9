import { z } from 'zod';

/** The audit log. Every key is described in docs/configuration.md. */
export const auditConfigSchema = z
  .strictObject({
    enabled: z.boolean().default(true),
    folder: z.string().min(1).optional(),
    keepDays: z.number().int().min(1).max(36_500).default(400),
    maxFileBytes: z.number().int().min(65_536).max(1_073_741_824).default(16_777_216),
    checkpointSeconds: z.number().int().min(1).max(86_400).default(300),
    sync: z.enum(['before', 'after']).default('after'),
    onFailure: z.enum(['refuse', 'allow']).default('refuse'),
    pseudonymise: z.boolean().default(false),
    published: z.boolean().default(false),
    deniedPerMinute: z.number().int().min(1).max(100_000).default(60),
  })
  .prefault({});

export type AuditConfig = z.output<typeof auditConfigSchema>;
