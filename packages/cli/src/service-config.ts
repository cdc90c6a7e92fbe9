import { dirname, resolve } from 'node:path';
import { eventLogSchema, provisioningSchema } from '@thingward/server';
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

/** A service that is a client needs an account of its own. */
const accountSchema = z
  .strictObject({
    jid: z.string().transform((text, context): Jid => {
      const jid = Jid.tryParse(text);
      if (jid?.local !== undefined) return jid;
      context.addIssue({
        code: 'custom',
        message: `expected an account such as provisioning@example.org, got "${text}"`,
      });
      return z.NEVER;
    }),
    password: z.string().min(1).optional(),
    passwordFile: z.string().min(1).optional(),
  })
  .refine(({ password, passwordFile }) => (password === undefined) !== (passwordFile === undefined), {
    message: 'needs exactly one of password and passwordFile',
  });

/** One service as an external component, or as a client. Every key is described in docs/configuration.md. */
export const serviceConfigSchema = z
  .strictObject({
    domain: domain.optional(),
    secret: z.string().min(1).optional(),
    account: accountSchema.optional(),
    server: z
      .strictObject({
        host: z.string().min(1).default('127.0.0.1'),
        port: z.number().int().min(1).max(65_535).optional(),
        tls: z.enum(['starttls', 'direct', 'none']).default('starttls'),
        fingerprint: z.string().min(64).optional(),
        ca: z.string().min(1).optional(),
      })
      .prefault({}),
    dataDir: z.string().min(1).default('./data'),
    /** Where the service tells what happens to it. */
    eventLogAt: z.union([z.literal('none'), domain]).optional(),
    eventLog: eventLogSchema,
    history: z.strictObject({ retentionDays: z.number().int().positive().default(400) }).prefault({}),
    provisioning: provisioningSchema,
  })
  .superRefine(({ domain: served, secret, account }, context) => {
    if (account ? served === undefined && secret === undefined : served !== undefined && secret !== undefined) return;
    context.addIssue({
      code: 'custom',
      message: 'needs domain and secret (a component), or account (a client), not both',
    });
  });

export type ServiceConfig = z.output<typeof serviceConfigSchema> & {
  /** Where relative paths start. */
  readonly directory: string;
};

/** The configuration of a service, with paths made absolute. @throws ConfigFileError, UsageError */
export function loadServiceConfig(given: string | undefined): ServiceConfig {
  const file = findFile('config', given, CANDIDATES.service);
  const config = loadConfigFile(file, serviceConfigSchema);
  return { ...config, directory: dirname(file), dataDir: resolve(dirname(file), config.dataDir) };
}
