import { z } from 'zod';

/** What is taken for unusual. Every key is described in docs/configuration.md. */
export const baselineConfigSchema = z
  .strictObject({
    enabled: z.boolean().default(true),
    learnDays: z.number().min(0).max(365).default(7),
    learnOperations: z.number().int().min(1).max(100_000).default(20),
    forgetDays: z.number().min(1).max(3650).default(90),
    scanPlaces: z.number().int().min(2).max(1000).default(32),
    burstChanges: z.number().int().min(2).max(100_000).default(30),
    burstFactor: z.number().min(1).max(1000).default(4),
    replaySeconds: z.number().int().min(1).max(86_400).default(600),
    maxProfiles: z.number().int().min(10).max(100_000).default(5000),
  })
  .prefault({});

export type BaselineConfig = z.output<typeof baselineConfigSchema>;
