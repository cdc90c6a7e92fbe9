import { DEFAULT_REGISTRY_LIMITS } from '@thingward/services';
import { z } from 'zod';

const positive = z.number().int().positive();
const limits = DEFAULT_REGISTRY_LIMITS;

/** `registry` of the configuration. Every key is described in docs/configuration.md. */
export const registrySchema = z
  .strictObject({
    tagsPerThing: positive.max(1000).default(limits.tagsPerThing),
    thingsPerAccount: positive.default(limits.thingsPerJid),
    foundThings: positive.max(1000).default(limits.foundThings),
    operatorsPerSearch: positive.max(100).default(limits.operatorsPerSearch),
    tagsPerSearch: positive.default(limits.tagsPerSearch),
    failedClaimsPerMinute: positive.default(limits.failedClaimsPerMinute),
    failedClaimsPerMinuteInAll: positive.default(limits.failedClaimsPerMinuteInAll),
    tags: z
      .union([z.literal('any'), z.array(z.string().regex(/^[^:#\s]{1,32}$/u, 'expected the name of a tag'))])
      .default('any'),
  })
  .prefault({});

export type RegistryConfig = z.output<typeof registrySchema>;
