import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { brokerSchema, eventLogSchema, provisioningSchema, registrySchema, storageSchema } from '@thingward/server';
import { Jid } from '@thingward/xmpp';
import { z } from 'zod';
import { findFile, loadConfigFile } from './config-file.ts';
import { CommandError } from './errors.ts';
import { CANDIDATES } from './paths.ts';

const domain = z.string().transform((text, context): string => {
  const jid = Jid.tryParse(text);
  if (jid && jid.local === undefined && jid.resource === undefined) return jid.domain;
  context.addIssue({ code: 'custom', message: `expected a domain name such as registry.example.org, got "${text}"` });
  return z.NEVER;
});

const account = z.string().transform((text, context): Jid => {
  const jid = Jid.tryParse(text);
  if (jid?.local !== undefined && !jid.isFull) return jid;
  context.addIssue({ code: 'custom', message: `expected an account such as discovery@example.org, got "${text}"` });
  return z.NEVER;
});

const port = z.number().int().min(1).max(65_535);

/** One service elsewhere: as a component, or with an account. Every key is described in docs/configuration.md. */
export const serviceConfigSchema = z
  .strictObject({
    domain: domain.optional(),
    secret: z.string().min(1).optional(),
    account: z
      .strictObject({
        jid: account,
        password: z.string().min(1).optional(),
        passwordFile: z.string().min(1).optional(),
      })
      .refine(({ password, passwordFile }) => (password === undefined) !== (passwordFile === undefined), {
        message: 'needs exactly one of password and passwordFile',
      })
      .optional(),
    server: z
      .strictObject({
        host: z.string().min(1).optional(),
        port: port.optional(),
        tls: z.enum(['starttls', 'direct', 'none']).optional(),
        fingerprint: z.string().min(64).optional(),
        ca: z.string().min(1).optional(),
      })
      .prefault({}),
    dataDir: z.string().min(1).default('./data'),
    storage: storageSchema,
    /** Where the service tells what happens to it. */
    eventLogAt: z.union([z.literal('none'), domain]).optional(),
    eventLog: eventLogSchema,
    broker: brokerSchema,
    history: z.strictObject({ retentionDays: z.number().int().positive().default(400) }).prefault({}),
    registry: registrySchema,
    provisioning: provisioningSchema,
  })
  .superRefine(({ domain, secret, account, server }, context) => {
    const problem = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (account === undefined) {
      if (domain === undefined) problem('domain', 'needed by a component; a client has "account" instead');
      if (secret === undefined) problem('secret', 'needed by a component; a client has "account" instead');
      const { tls, fingerprint, ca } = server;
      if (tls !== undefined || fingerprint !== undefined || ca !== undefined) {
        problem('server', 'tls, fingerprint and ca are for an account: the component protocol has no TLS (XEP-0114)');
      }
    } else if (domain !== undefined || secret !== undefined) {
      problem('account', 'is for a client, domain and secret for a component: give one or the other');
    }
  });

/** How the service joins a server: with the secret of a domain, or with the password of an account. */
export type ServiceIdentity =
  | { readonly domain: string; readonly secret: string }
  | { readonly jid: Jid; readonly password: string; readonly ca: string | undefined };

export type ServiceConfig = Omit<z.output<typeof serviceConfigSchema>, 'domain' | 'secret' | 'account'> & {
  readonly identity: ServiceIdentity;
};

/** The configuration of a service, with paths made absolute. @throws ConfigFileError, UsageError, CommandError */
export function loadServiceConfig(given: string | undefined): ServiceConfig {
  const file = findFile('config', given, CANDIDATES.service);
  const { domain = '', secret = '', account, ...config } = loadConfigFile(file, serviceConfigSchema);
  const read = (path: string) => {
    try {
      return readFileSync(resolve(dirname(file), path), 'utf8');
    } catch (error) {
      throw new CommandError(`${file}: ${(error as Error).message}`);
    }
  };
  const identity = account
    ? {
        jid: account.jid,
        password: account.password ?? read(account.passwordFile ?? '').trim(),
        ca: config.server.ca === undefined ? undefined : read(config.server.ca),
      }
    : { domain, secret };
  return { ...config, identity, dataDir: resolve(dirname(file), config.dataDir) };
}
