import { z } from 'zod';

/** Where and how long to look for a server. */
const findSettings = z.strictObject({
  interfaces: z.array(z.string().min(1)).min(1).optional(),
  seconds: z.number().int().min(1).max(60).default(3),
  dhcpOption: z.number().int().min(1).max(254).default(224),
});

/** `true` looks everywhere for three seconds. @see XEP-0347 §3.3 */
export const findSchema = z
  .union([z.boolean(), findSettings])
  .default(false)
  .transform((find) => (find === true ? findSettings.parse({}) : find === false ? undefined : find));

export type FindConfig = z.output<typeof findSettings>;
