import { isIPv4, isIPv6 } from 'node:net';
import { auditConfigSchema, baselineConfigSchema } from '@thingward/guard';
import { ARCHIVE_DEFAULTS, Jid } from '@thingward/xmpp';
import { z } from 'zod';
import { announceSchema } from './announce/config.ts';
import { mailboxSchema } from './battery/mailbox-config.ts';
import { serverBrokerSchema } from './broker-config.ts';
import { serverEventLogSchema } from './event-log-config.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { DEFAULT_BOSH_SETTINGS } from './listeners/bosh/settings.ts';
import { isLoopback, type ListenAddress } from './listeners/listen.ts';
import type { Network } from './listeners/proxy-protocol/proxy-protocol.ts';
import { provisioningSchema } from './provisioning-config.ts';
import { registrySchema } from './registry-config.ts';
import type { Target } from './s2s/resolve.ts';
import { storageSchema } from './storage/storage-schema.ts';

const port = (text: string): number => (/^\d{1,5}$/.test(text) ? Number(text) : Number.NaN);

/** `host:port`, `[v6]:port`. */
const listenAddress = z.string().transform((text, context): ListenAddress => {
  const colon = text.lastIndexOf(':');
  const number = port(text.slice(colon + 1));
  const host = text.slice(0, Math.max(colon, 0)).replace(/^\[(.*)\]$/, '$1');
  if (!host || !(number >= 0 && number <= 65535)) {
    context.addIssue({ code: 'custom', message: `expected host:port such as 127.0.0.1:5222, got "${text}"` });
    return z.NEVER;
  }
  return { host, port: number };
});

/** The same as text, for others to connect to. */
const hostAndPort = z.string().superRefine((text, context) => {
  const checked = listenAddress.safeParse(text);
  if (checked.success && checked.data.port > 0) return;
  context.addIssue({ code: 'custom', message: `expected host:port such as xmpp2.example.org:5222, got "${text}"` });
});

const domain = z.string().transform((text, context): string => {
  const jid = Jid.tryParse(text);
  if (!jid || jid.local !== undefined || jid.resource !== undefined) {
    context.addIssue({ code: 'custom', message: `expected a domain name such as example.org, got "${text}"` });
    return z.NEVER;
  }
  return jid.domain;
});

/** The localpart of an account, normalised. */
const localpart = z.string().transform((text, context): string => {
  const jid = Jid.tryParse(`${text}@localhost`);
  if (jid?.local !== undefined && jid.resource === undefined) return jid.local;
  context.addIssue({ code: 'custom', message: `expected the name of an account, got "${text}"` });
  return z.NEVER;
});

/** Names that would let a stranger pass for the operator. @see RFC 2142 */
const DEFAULT_RESERVED_NAMES = [
  'abuse',
  'admin',
  'administrator',
  'hostmaster',
  'info',
  'noc',
  'operator',
  'owner',
  'postmaster',
  'root',
  'security',
  'support',
  'system',
  'webmaster',
] as const;

/** A bare JID with a localpart. */
const account = z.string().transform((text, context): Jid => {
  const jid = Jid.tryParse(text);
  if (!jid || jid.local === undefined || jid.resource !== undefined) {
    context.addIssue({ code: 'custom', message: `expected an account such as owner@example.org, got "${text}"` });
    return z.NEVER;
  }
  return jid;
});

const secret = z.string().min(1);

/** An http(s) URL without query, without a slash at its end. */
const webAddress = z.string().transform((text, context): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash || url.username || url.password) {
    context.addIssue({ code: 'custom', message: `expected a URL such as https://example.org, got "${text}"` });
    return z.NEVER;
  }
  return url.href.replace(/\/$/, '');
});

/** Domains, or `*.` and the domain all of which are below it. */
const domainPattern = z.string().transform((text, context): string => {
  const isPattern = text.startsWith('*.');
  const jid = Jid.tryParse(isPattern ? text.slice(2) : text);
  if (!jid || jid.local !== undefined || jid.resource !== undefined) {
    context.addIssue({
      code: 'custom',
      message: `expected a domain such as example.org or *.example.org, got "${text}"`,
    });
    return z.NEVER;
  }
  return isPattern ? `*.${jid.domain}` : jid.domain;
});

/** `host:port`, with `tls://` before it for TLS from the first byte. */
const serverAddress = z.string().transform((text, context): Target => {
  const direct = text.startsWith('tls://');
  const address = listenAddress.safeParse(direct ? text.slice('tls://'.length) : text);
  if (!address.success) {
    context.addIssue({ code: 'custom', message: `expected host:port or tls://host:port, got "${text}"` });
    return z.NEVER;
  }
  return { ...address.data, direct };
});

/** `192.0.2.0/24`, `2001:db8::/32`, or one address. */
const network = z.string().transform((text, context): Network => {
  const [address = '', prefix, ...others] = text.split('/');
  const longest = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1;
  const length = prefix === undefined ? longest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (others.length > 0 || !(length >= 0 && length <= longest)) {
    context.addIssue({ code: 'custom', message: `expected addresses such as 192.0.2.0/24, got "${text}"` });
    return z.NEVER;
  }
  return { address, prefix: length };
});

const positive = z.number().int().positive();

/** The server's configuration file. Every key is described in docs/configuration.md. */
export const serverConfigSchema = z
  .strictObject({
    domain,
    dataDir: z.string().min(1).default('./data'),
    storage: storageSchema,
    registry: registrySchema,
    listen: z
      .strictObject({
        c2s: listenAddress.optional(),
        c2sTls: listenAddress.optional(),
        exi: listenAddress.optional(),
        component: listenAddress.optional(),
        s2s: listenAddress.optional(),
        s2sTls: listenAddress.optional(),
        http: listenAddress.optional(),
      })
      .prefault({ c2s: '127.0.0.1:5222', c2sTls: '127.0.0.1:5223', http: '127.0.0.1:8080' }),
    tls: z.strictObject({ cert: z.string().min(1), key: z.string().min(1) }).optional(),
    auth: z
      .strictObject({
        registration: z.enum(['closed', 'open', 'invite']).default('closed'),
        userInvitations: z.enum(['none', 'contact', 'account']).default('none'),
        registrationInstructions: z.string().min(1).max(2000).optional(),
        reservedNames: z.array(localpart).default([...DEFAULT_RESERVED_NAMES]),
        allowPlaintext: z.boolean().default(false),
        anonymous: z.boolean().default(false),
        tokens: z
          .strictObject({
            enabled: z.boolean().default(true),
            lifetimeDays: positive.max(3650).default(30),
            maxPerAccount: positive.max(10_000).default(100),
          })
          .prefault({}),
        admins: z.array(account).default([]),
        clientCertificates: z
          .strictObject({ ca: z.string().min(1), fallback: z.enum(['none', 'email', 'commonName']).default('none') })
          .optional(),
      })
      .prefault({}),
    components: z
      .record(
        domain,
        z.union([
          secret.transform((value) => ({ secret: value, instances: 1 })),
          z.strictObject({ secret, instances: positive.max(100).default(1) }),
        ]),
      )
      .prefault({}),
    limits: z
      .strictObject({
        maxStanzaBytes: z.number().int().min(10_000).max(16_777_216).default(DEFAULT_LIMITS.maxStanzaBytes),
        maxUnauthenticatedBytes: z.number().int().min(2_000).default(DEFAULT_LIMITS.maxUnauthenticatedBytes),
        maxConnections: positive.default(DEFAULT_LIMITS.maxConnections),
        maxConnectionsPerAddress: positive.default(DEFAULT_LIMITS.maxConnectionsPerAddress),
        maxConnectionsPerSecond: positive.default(DEFAULT_LIMITS.maxConnectionsPerSecond),
        maxSessionsPerAccount: positive.default(DEFAULT_LIMITS.maxSessionsPerAccount),
        authTimeoutMs: z.number().int().min(1_000).default(DEFAULT_LIMITS.authTimeoutMs),
        maxRegistrationsPerHour: positive.default(DEFAULT_LIMITS.maxRegistrationsPerHour),
        maxAuthFailures: z.number().int().min(1).max(100).default(DEFAULT_LIMITS.maxAuthFailures),
        maxAuthFailuresPerAddress: positive.default(DEFAULT_LIMITS.maxAuthFailuresPerAddress),
        maxAuthFailuresPerAccount: positive.default(DEFAULT_LIMITS.maxAuthFailuresPerAccount),
        elementTimeoutMs: z.number().int().min(100).default(DEFAULT_LIMITS.elementTimeoutMs),
        maxStanzasPerSecond: positive.default(DEFAULT_LIMITS.maxStanzasPerSecond),
        maxStanzasPerSecondPerAccount: positive.default(DEFAULT_LIMITS.maxStanzasPerSecondPerAccount),
        maxPendingRequests: positive.default(DEFAULT_LIMITS.maxPendingRequests),
        maxRosterEntries: positive.max(100_000).default(DEFAULT_LIMITS.maxRosterEntries),
        maxDirectedPresence: positive.default(DEFAULT_LIMITS.maxDirectedPresence),
        maxUnsentBytes: z.number().int().min(65_536).default(DEFAULT_LIMITS.maxUnsentBytes),
        maxBytesPerSecond: z.number().int().min(16_384).default(DEFAULT_LIMITS.maxBytesPerSecond),
        maxUnacknowledgedStanzas: positive.default(DEFAULT_LIMITS.maxUnacknowledgedStanzas),
        maxResumeSeconds: z.number().int().min(0).max(86_400).default(DEFAULT_LIMITS.maxResumeSeconds),
        ackTimeoutMs: z.number().int().min(100).default(DEFAULT_LIMITS.ackTimeoutMs),
      })
      .prefault({}),
    s2s: z
      .strictObject({
        tls: z.enum(['required', 'optional']).default('required'),
        authentication: z.enum(['certificate', 'dialback']).default('dialback'),
        allow: z.array(domainPattern).default([]),
        deny: z.array(domainPattern).default([]),
        trust: z.strictObject({ ca: z.string().min(1) }).optional(),
        hosts: z
          .record(domain, serverAddress)
          .default({})
          .transform((hosts): ReadonlyMap<string, Target> => new Map(Object.entries(hosts))),
        maxConnections: positive.default(1000),
        maxConnectionsPerAddress: positive.default(100),
        maxConnectionsPerSecond: positive.default(50),
        maxDomainsPerStream: positive.default(50),
        maxQueuedStanzas: positive.default(1000),
        maxQueuedBytes: positive.default(33_554_432),
        maxBytesPerSecond: z.number().int().min(10_000).default(4_194_304),
        connectTimeoutMs: z.number().int().min(100).default(30_000),
        idleTimeoutMs: z.number().int().min(100).default(600_000),
        maxPauseMs: z.number().int().min(0).default(300_000),
      })
      .prefault({}),
    offline: z
      .strictObject({ maxMessages: positive.default(1000), maxBytes: positive.default(4_194_304) })
      .prefault({}),
    mailbox: mailboxSchema,
    archive: z
      .strictObject({
        enabled: z.boolean().default(true),
        default: z.enum(ARCHIVE_DEFAULTS).default('roster'),
        retentionDays: positive.default(365),
        maxMessages: positive.default(50_000),
      })
      .prefault({}),
    upload: z
      .strictObject({
        enabled: z.boolean().default(true),
        maxFileBytes: positive.default(50 * 1024 * 1024),
        quotaBytes: positive.default(500 * 1024 * 1024),
        retentionDays: positive.default(30),
        publicUrl: webAddress.optional(),
      })
      .prefault({}),
    exi: z
      .strictObject({
        enabled: z.boolean().default(true),
        uploads: z.boolean().default(true),
        downloadFrom: z
          .array(z.union([z.literal('*'), z.string().regex(/^[\w.-]+$/, 'expected host names')]))
          .default([]),
        maxSchemaBytes: z.number().int().min(1024).max(1_048_576).default(131_072),
        maxSchemas: positive.max(10_000).default(200),
        maxConfigurations: positive.max(100_000).default(1_000),
        configurations: z.string().min(1).optional(),
        binaryForwarding: z.boolean().default(true),
      })
      .prefault({}),
    workers: z.union([z.literal('auto'), z.number().int().min(0).max(64)]).default(0),
    proxyProtocol: z
      .strictObject({
        from: z.array(network).min(1),
        doors: z.array(z.enum(['c2s', 'c2sTls', 'exi', 'http'])).default(['c2s', 'c2sTls']),
      })
      .optional(),
    http: z
      .strictObject({
        publicUrl: webAddress.optional(),
        metrics: z.enum(['loopback', 'open', 'token']).default('loopback'),
        metricsToken: z.string().min(16).optional(),
      })
      .refine(({ metrics, metricsToken }) => (metrics === 'token') === (metricsToken !== undefined), {
        path: ['metricsToken'],
        message: 'is needed with metrics: token, and with that alone',
      })
      .prefault({}),
    api: z
      .strictObject({ enabled: z.boolean().default(true), requestsPerSecond: z.number().positive().default(10) })
      .prefault({}),
    bosh: z
      .strictObject({
        maxWaitSeconds: z.number().int().min(1).max(600).default(DEFAULT_BOSH_SETTINGS.maxWaitSeconds),
        inactivitySeconds: z.number().int().min(1).max(3600).default(DEFAULT_BOSH_SETTINGS.inactivitySeconds),
        pollingSeconds: z.number().int().min(0).max(60).default(DEFAULT_BOSH_SETTINGS.pollingSeconds),
        maxPauseSeconds: z.number().int().min(1).max(3600).default(DEFAULT_BOSH_SETTINGS.maxPauseSeconds),
      })
      .prefault({}),
    history: z.strictObject({ retentionDays: positive.default(400) }).prefault({}),
    eventLog: serverEventLogSchema,
    broker: serverBrokerSchema,
    mcap: z.strictObject({ enabled: z.boolean().default(true) }).prefault({}),
    provisioning: provisioningSchema,
    announce: announceSchema,
    policies: z.string().min(1).optional(),
    audit: auditConfigSchema,
    baseline: baselineConfigSchema,
    streamManagement: z.strictObject({ location: hostAndPort.optional() }).prefault({}),
    shutdown: z.strictObject({ seeOtherHost: hostAndPort.optional() }).prefault({}),
    log: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']).default('info') }).prefault({}),
  })
  .superRefine(({ auth }, context) => {
    if (auth.userInvitations !== 'account' || auth.registration === 'invite') return;
    const message = `can't be account while auth.registration is ${auth.registration}: who is invited could not register`;
    context.addIssue({ code: 'custom', path: ['auth', 'userInvitations'], message });
  })
  .superRefine(({ auth, domain: served }, context) => {
    for (const [index, jid] of auth.admins.entries()) {
      if (jid.domain === served) continue;
      context.addIssue({
        code: 'custom',
        path: ['auth', 'admins', index],
        message: `${jid} is no account of ${served}: administrators sign in here`,
      });
    }
  })
  .superRefine(({ s2s, listen }, context) => {
    if (s2s.tls === 'required' || !listen.s2s || isLoopback(listen.s2s.host)) return;
    context.addIssue({
      code: 'custom',
      path: ['s2s', 'tls'],
      message: `can't be optional while listen.s2s is ${listen.s2s.host}, which is not on loopback`,
    });
  })
  .superRefine(({ auth, listen }, context) => {
    if (!auth.allowPlaintext) return;
    for (const door of ['c2s', 'exi', 'http'] as const) {
      const address = listen[door];
      if (!address || isLoopback(address.host)) continue;
      context.addIssue({
        code: 'custom',
        path: ['auth', 'allowPlaintext'],
        message: `can't be true while listen.${door} is ${address.host}, which is not on loopback`,
      });
    }
  });

export type ServerConfig = z.output<typeof serverConfigSchema>;
export type ServerConfigInput = z.input<typeof serverConfigSchema>;
