import { isDeepStrictEqual } from 'node:util';
import { auditConfigSchema } from '@thingward/guard';
import { IoTDiscoError, isUndefinedInterface, KEY_TAG, type NodeReference, parseIoTDisco } from '@thingward/things';
import { Jid } from '@thingward/xmpp';
import { z } from 'zod';
import { documentOfSource, type PointListSource } from './broker/point-list-reference.ts';
import { contradiction, type Dnp3Config, dnp3ConfigSchema } from './drivers/dnp3/config.ts';
import { ieee1451ConfigSchema } from './drivers/ieee1451/config.ts';
import { modbusConfigSchema } from './drivers/modbus/config.ts';
import { publicationOf } from './publications.ts';
import { publishSchema } from './publish-config.ts';
import { findSchema } from './server/find-config.ts';

function address(check: (jid: Jid) => boolean, expected: string) {
  return z.string().transform((text, context): Jid => {
    const jid = Jid.tryParse(text);
    if (!jid || !check(jid)) {
      context.addIssue({ code: 'custom', message: `expected ${expected}, got "${text}"` });
      return z.NEVER;
    }
    return jid;
  });
}

const accountJid = address(
  (jid) => jid.local !== undefined && !jid.isFull,
  'the address of an account such as plc@example.org',
);
const serviceJid = address((jid) => !jid.isFull, 'the address of a service such as registry.example.org');
export const bareJid = address((jid) => !jid.isFull, 'an address such as friend@example.org');
const domain = address((jid) => jid.local === undefined && !jid.isFull, 'a domain such as example.org');

/** Service addresses: a JID, or `none` to do without. */
export const serviceOrNone = z.union([z.literal('none'), serviceJid]).optional();

const HOUR_MS = 3_600_000;

/**
 * Whom to ask, and for how long answers count. `find`: the one that goes with the server. Nothing said: the same, but where the server says
 * that it has none, owner and friends may.
 */
const provisioningSchema = z
  .union([
    z.enum(['none', 'find']),
    serviceJid,
    z.strictObject({
      server: z.union([z.literal('find'), serviceJid]),
      freshMinutes: z.number().positive().max(1440).default(60),
      graceHours: z.number().min(0).max(720).default(24),
      timeoutSeconds: z.number().min(1).max(60).default(10),
      secondary: z.array(serviceJid).max(5).default([]),
    }),
  ])
  .optional()
  .transform((given) => {
    if (given === 'none') return undefined;
    if (given === undefined) return { server: 'find' as const, isOptional: true };
    if (given === 'find' || given instanceof Jid) return { server: given };
    const { server, freshMinutes, graceHours, timeoutSeconds, secondary } = given;
    const times = { freshMs: freshMinutes * 60_000, graceMs: graceHours * HOUR_MS, timeoutMs: timeoutSeconds * 1000 };
    return { server, secondary, ...times };
  });

/** How Things come by their registry: its address, a part of it, or by asking the server's components. @see XEP-0347 §3.5 */
const registrySchema = z
  .union([
    z.literal('none'),
    z.literal('search'),
    serviceJid,
    z.strictObject({ subdomain: z.string().regex(/^[^.@/\s]+$/, 'expected one label of a domain name') }),
    z.strictObject({ user: z.string().regex(/^[^@/\s]+$/, 'expected the name of an account, without its domain') }),
  ])
  .optional();

const nodeSchema = z.strictObject({
  nodeId: z.string().min(1),
  sourceId: z.string().min(1).optional(),
  cacheType: z.string().min(1).optional(),
});

const directIoSchema = z.strictObject({
  load: z.boolean().default(true),
  memory: z.boolean().default(true),
  /** Mount points. */
  disk: z
    .array(z.string().min(1))
    .refine((mountPoints) => new Set(mountPoints).size === mountPoints.length, 'a mount point is there twice')
    .default(['/']),
  temperatures: z.boolean().default(true),
});

export const serverSchema = z
  .strictObject({
    domain: domain.optional(),
    find: findSchema,
    trustOnFirstUse: z.boolean().default(false),
    host: z.string().min(1).optional(),
    port: z.number().int().min(1).max(65535).optional(),
    tls: z.enum(['starttls', 'direct', 'none']).optional(),
    fingerprint: z
      .string()
      .regex(/^(sha-?256:)?[0-9a-f]{2}(:?[0-9a-f]{2}){31}$/i, 'a SHA-256 fingerprint has 32 octets in hexadecimal')
      .optional(),
    ca: z.string().min(1).optional(),
    exi: z.boolean().default(true),
  })
  .superRefine((server, context) => {
    const complain = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    if (server.find && server.host !== undefined)
      complain('host', 'is for servers that need not be found (server.find)');
    if (server.domain === undefined && !server.find) complain('domain', 'is missing (or server.find: true)');
    if (server.trustOnFirstUse && (server.fingerprint ?? server.ca) !== undefined) {
      complain('trustOnFirstUse', 'goes without fingerprint and ca, which say whom to trust');
    }
  });

export const accountSchema = z
  .strictObject({
    jid: accountJid,
    password: z.string().min(1).optional(),
    passwordFile: z.string().min(1).optional(),
    certificate: z.string().min(1).optional(),
    key: z.string().min(1).optional(),
    register: z.union([z.literal(true), z.strictObject({ tokenFile: z.string().min(1) })]).optional(),
  })
  .refine(({ certificate, key }) => (certificate === undefined) === (key === undefined), {
    message: 'certificate and key go together',
  })
  .refine(
    ({ password, passwordFile, certificate, register }) =>
      [password, passwordFile, certificate, register].filter((way) => way !== undefined).length === 1,
    { message: 'needs exactly one of password, passwordFile, certificate with key, and register' },
  );

/** The text of a label that is printed already: what it registers with, to the last tag. @see XEP-0347 §3.9 */
const claimSchema = z.string().superRefine((text, context) => {
  const complain = (message: string) => context.addIssue({ code: 'custom', message });
  try {
    if (!parseIoTDisco(text).some(({ name }) => name === KEY_TAG)) complain('has no KEY: nobody could claim the Thing');
  } catch (error) {
    if (!(error instanceof IoTDiscoError)) throw error;
    complain(`is no text of a label: ${error.message}`);
  }
});

const common = {
  account: accountSchema,
  node: nodeSchema.optional(),
  /** The node it is a part of; reading that reads this, too. */
  parent: nodeSchema.optional(),
  name: z.string().min(1),
  tags: z
    .record(
      z.string().regex(/^[^:#;\s]+$/, 'a tag name has no colon, hash sign, semicolon or white space'),
      z.union([z.string(), z.number()]),
    )
    .refine((tags) => new Set(Object.keys(tags).map((tag) => tag.toUpperCase())).size === Object.keys(tags).length, {
      message: 'two tags differ in upper and lower case alone',
    })
    .default({}),
  claim: claimSchema.optional(),
  friends: z.array(bareJid).default([]),
  publish: publishSchema,
  interfaces: z
    .array(
      z.string().superRefine((name, context) => {
        if (!isUndefinedInterface(name)) return;
        context.addIssue({ code: 'custom', message: `there is no interface ${name} in XEP-0000: Interoperability` });
      }),
    )
    .default([]),
};

const directIoThing = z.strictObject({
  ...common,
  driver: z.literal('direct-io'),
  pollMs: z.number().int().min(100).default(1000),
  directIo: directIoSchema.prefault({}),
});

const modbusThing = z.strictObject({ ...common, driver: z.literal('modbus-tcp'), modbus: modbusConfigSchema });

const dnp3Thing = z.strictObject({ ...common, driver: z.literal('dnp3-tcp'), dnp3: dnp3ConfigSchema });

const ieee1451Thing = z.strictObject({ ...common, driver: z.literal('ieee1451'), ieee1451: ieee1451ConfigSchema });

/** The gateway's configuration file. Every key is described in the package's README. */
export const gatewayConfigSchema = z
  .strictObject({
    server: serverSchema,
    dataDir: z.string().min(1).default('./gateway-data'),
    policies: z.string().min(1).optional(),
    audit: auditConfigSchema,
    registry: registrySchema,
    provisioning: provisioningSchema,
    history: serviceOrNone,
    mcap: serviceOrNone,
    eventLog: serviceOrNone,
    broker: serviceOrNone,
    outbox: z.strictObject({ maxReadings: z.number().int().min(1000).default(1_000_000) }).prefault({}),
    things: z.array(z.discriminatedUnion('driver', [directIoThing, modbusThing, dnp3Thing, ieee1451Thing])).min(1),
  })
  .superRefine(({ server, things }, context) => {
    const served = things[0]?.account.jid.domain;
    for (const [index, { account }] of things.entries()) {
      if (server.domain !== undefined || account.jid.domain === served) continue;
      const message = `${account.jid} is not at ${served}, as the first account is: say which server.domain is meant`;
      context.addIssue({ code: 'custom', path: ['things', index, 'account', 'jid'], message });
    }
  })
  .superRefine(({ broker, things }, context) => {
    if (broker !== 'none') return;
    for (const [index, thing] of things.entries()) {
      const key = thing.driver === 'modbus-tcp' ? 'modbus' : 'dnp3';
      const settings = thing.driver === 'modbus-tcp' ? thing.modbus : thing.driver === 'dnp3-tcp' ? thing.dnp3 : {};
      if (documentOfSource((settings as { pointList?: PointListSource }).pointList) === undefined) continue;
      const message = 'is to come from the broker, and broker is none';
      context.addIssue({ code: 'custom', path: ['things', index, key, 'pointList'], message });
    }
  })
  .superRefine(({ things }, context) => {
    for (const [index, { claim, tags }] of things.entries()) {
      if (claim === undefined || Object.keys(tags).length === 0) continue;
      const message = 'go without claim, which has all that the Thing registers with';
      context.addIssue({ code: 'custom', path: ['things', index, 'tags'], message });
    }
  })
  .superRefine(({ things }, context) => {
    const accounts = new Map<string, number>();
    for (const [index, { account }] of things.entries()) {
      const key = account.jid.toString();
      const first = accounts.get(key) ?? index;
      accounts.set(key, first);
      const other = things[first]?.account;
      const ways = ['password', 'passwordFile', 'certificate', 'key', 'register'] as const;
      if (ways.every((way) => isDeepStrictEqual(other?.[way], account[way]))) continue;
      context.addIssue({
        code: 'custom',
        path: ['things', index, 'account'],
        message: `things[${first}] signs in to the same account in another way`,
      });
    }
    const seen = new Map<string, number>();
    for (const [index, { account, node }] of things.entries()) {
      const key = `${account.jid} ${node ? JSON.stringify(node) : ''}`;
      const first = seen.get(key);
      if (first !== undefined) {
        context.addIssue({
          code: 'custom',
          path: ['things', index, node ? 'node' : 'account'],
          message: `things[${first}] has the same address: give each a node of its own`,
        });
      }
      seen.set(key, index);
    }
    const nodes = new Map<string, number>();
    for (const [index, { account, node, name, publish }] of things.entries()) {
      // What has an issue already may be as it was written.
      for (const publication of Array.isArray(publish) ? publish : []) {
        const { address } = publicationOf(
          { jid: account.jid, node: node as NodeReference | undefined, name },
          publication,
        );
        const key = `${address.service} ${address.node}`;
        const first = nodes.get(key);
        nodes.set(key, index);
        if (first === undefined) continue;
        context.addIssue({
          code: 'custom',
          path: ['things', index, 'publish'],
          message: `things[${first}] publishes to ${address.node} at ${address.service}, too`,
        });
      }
    }
    const connections = new Map<string, { readonly index: number; readonly maxInFlight: number }>();
    for (const [index, thing] of things.entries()) {
      if (thing.driver !== 'modbus-tcp') continue;
      const { host, port, maxInFlight } = thing.modbus;
      const key = `${host}:${port}`;
      const first = connections.get(key) ?? { index, maxInFlight };
      connections.set(key, first);
      if (first.maxInFlight !== maxInFlight) {
        context.addIssue({
          code: 'custom',
          path: ['things', index, 'modbus', 'maxInFlight'],
          message: `things[${first.index}] shares the connection to ${key} and has ${first.maxInFlight}`,
        });
      }
    }
    for (const [index, thing] of things.entries()) {
      if (thing.driver !== 'ieee1451') continue;
      for (const { node } of Array.isArray(thing.publish) ? thing.publish : []) {
        if (node === undefined) continue;
        const message = 'goes without node: each TIM and each channel has a node of its own';
        context.addIssue({ code: 'custom', path: ['things', index, 'publish'], message });
      }
    }
    const outstations: (readonly [index: number, config: Dnp3Config])[] = [];
    for (const [index, thing] of things.entries()) {
      if (thing.driver !== 'dnp3-tcp') continue;
      for (const [first, other] of outstations) {
        const key = contradiction(other, thing.dnp3);
        if (key === undefined) continue;
        context.addIssue({
          code: 'custom',
          path: ['things', index, 'dnp3', key],
          message: `things[${first}] shares the connection and has another value`,
        });
        break;
      }
      outstations.push([index, thing.dnp3]);
    }
  })
  // Where the server is found, the accounts say at which domain.
  .transform((config) => ({
    ...config,
    server: {
      ...config.server,
      domain: config.server.domain ?? Jid.parse((config.things[0] as FirstThing).account.jid.domain),
    },
  }));

type FirstThing = { readonly account: { readonly jid: Jid } };

/** How the accounts' server is reached. */
export type ServerConfig = Omit<z.output<typeof serverSchema>, 'domain'> & { readonly domain: Jid };
export type AccountConfig = z.output<typeof accountSchema>;
export type GatewayConfig = z.output<typeof gatewayConfigSchema>;
export type GatewayConfigInput = z.input<typeof gatewayConfigSchema>;
export type ThingConfig = GatewayConfig['things'][number];
export type DirectIoConfig = z.output<typeof directIoSchema>;
