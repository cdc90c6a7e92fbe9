import { dirname, resolve } from 'node:path';
import { eventLogSchema, storageSchema } from '@thingward/server';
import { Jid } from '@thingward/xmpp';
import { z } from 'zod';
import { findFile, loadConfigFile } from './config-file.ts';
import { CANDIDATES } from './paths.ts';

const domain = z.string().transform((text, context): string => {
  const jid = Jid.tryParse(text);
  if (jid && jid.local === undefined && jid.resource === undefined) return jid.domain;
  context.addIssue({ code: 'custom', message: `expected a domain name such as registry.example.org, got "${text}"` });
  return z.NEVER;
});

/** One service as an external component. Every key is described in docs/configuration.md. */
export const serviceConfigSchema = z.strictObject({
  domain,
  server: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1'),
      port: z.number().int().min(1).max(65_535).default(5347),
    })
    .prefault({}),
  secret: z.string().min(1),
  dataDir: z.string().min(1).default('./data'),
  storage: storageSchema,
  /** Where the service tells what happens to it. */
  eventLogAt: z.union([z.literal('none'), domain]).optional(),
  eventLog: eventLogSchema,
  history: z.strictObject({ retentionDays: z.number().int().positive().default(400) }).prefault({}),
});

export type ServiceConfig = z.output<typeof serviceConfigSchema>;

/** The configuration of a service, with paths made absolute. @throws ConfigFileError, UsageError */
export function loadServiceConfig(given: string | undefined): ServiceConfig {
  const file = findFile('config', given, CANDIDATES.service);
  const config = loadConfigFile(file, serviceConfigSchema);
  return { ...config, dataDir: resolve(dirname(file), config.dataDir) };
}
