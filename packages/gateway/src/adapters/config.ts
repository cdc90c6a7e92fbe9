import { Jid } from '@thingward/xmpp';
import { z } from 'zod';
import { type AccountConfig, accountSchema, bareJid, serverSchema, serviceOrNone } from '../config.ts';
import { UnitRanges } from './modbus/unit-ranges.ts';

const units = z.union([z.string(), z.number()]).transform((text, context): UnitRanges => {
  const ranges = UnitRanges.tryParse(String(text));
  if (ranges) return ranges;
  context.addIssue({ code: 'custom', message: `expected units such as 1, 1-10 or 1-10,20, got "${text}"` });
  return z.NEVER;
});

const hostPort = z.string().transform((text, context) => {
  const match = /^(.+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  // An IPv6 address is written in brackets, but listened on without.
  if (match && port <= 65_535) return { host: (match[1] as string).replace(/^\[(.*)\]$/, '$1'), port };
  context.addIssue({ code: 'custom', message: `expected host:port such as 127.0.0.1:502, got "${text}"` });
  return z.NEVER;
});

const serialSchema = z.strictObject({
  path: z.string().min(1),
  baudRate: z.number().int().min(110).max(4_000_000).default(19_200),
  dataBits: z.union([z.literal(7), z.literal(8)]).default(8),
  parity: z.enum(['none', 'even', 'odd']).default('even'),
  stopBits: z.union([z.literal(1), z.literal(2)]).default(1),
});

const framing = z.enum(['tcp', 'rtu', 'ascii']);

/** Exactly one of a serial port and an address; a serial port has no frames of Modbus TCP. */
function checkMedium(
  { serial, address, framing }: { serial?: unknown; address?: unknown; framing?: string | undefined },
  name: string,
  context: z.RefinementCtx,
): void {
  if ((serial === undefined) === (address === undefined)) {
    context.addIssue({ code: 'custom', message: `needs exactly one of ${name} and serial` });
  }
  if (serial !== undefined && framing === 'tcp') {
    context.addIssue({ code: 'custom', path: ['framing'], message: 'a serial line has frames of rtu or ascii' });
  }
}

const lineSchema = z
  .strictObject({
    name: z.string().min(1).default('default'),
    connect: hostPort.optional(),
    serial: serialSchema.optional(),
    framing: framing.optional(),
    units: units.default(() => UnitRanges.tryParse('0-255') as UnitRanges),
    timeoutMs: z.number().int().min(50).max(60_000).default(1000),
    maxInFlight: z.number().int().min(1).max(16).default(1),
  })
  .superRefine(({ serial, connect, framing }, context) =>
    checkMedium({ serial, address: connect, framing }, 'connect', context),
  );

const egressSchema = z
  .strictObject({
    account: accountSchema,
    protocol: z.literal('modbus'),
    masters: z
      .array(z.strictObject({ jid: bareJid, writes: z.boolean().default(false) }))
      .min(1, 'without masters nobody reaches the devices'),
    maxWaiting: z.number().int().min(1).max(10_000).default(100),
    lines: z.array(lineSchema).min(1),
  })
  .superRefine(({ lines }, context) => {
    const names = new Map<string, number>();
    for (const [index, { name }] of lines.entries()) {
      if (names.has(name)) {
        const message = `lines[${names.get(name)}] has the name "${name}", too`;
        context.addIssue({ code: 'custom', path: ['lines', index, 'name'], message });
      }
      names.set(name, index);
    }
  });

const ingressSchema = z
  .strictObject({
    account: accountSchema,
    protocol: z.literal('modbus'),
    listen: hostPort.optional(),
    serial: serialSchema.optional(),
    framing: framing.optional(),
    timeoutMs: z.number().int().min(50).max(60_000).default(3000),
    maxConnections: z.number().int().min(1).max(10_000).default(64),
    maxInFlight: z.number().int().min(1).max(256).default(16),
    routes: z
      .array(z.strictObject({ units, to: bareJid, line: z.string().min(1).optional() }))
      .min(1, 'without routes nothing is reached'),
  })
  .superRefine(({ serial, listen, framing, routes }, context) => {
    checkMedium({ serial, address: listen, framing }, 'listen', context);
    for (const [index, { units }] of routes.entries()) {
      const first = routes.slice(0, index).findIndex((route) => route.units.overlaps(units));
      if (first === -1) continue;
      const message = `units ${units} overlap with routes[${first}] (${routes[first]?.units})`;
      context.addIssue({ code: 'custom', path: ['routes', index, 'units'], message });
    }
  });

/** The configuration of `thingward adapter`. Every key is described in docs/transversion.md. */
export const adapterConfigSchema = z
  .strictObject({
    server: serverSchema,
    dataDir: z.string().min(1).default('./adapter-data'),
    ingress: z.array(ingressSchema).default([]),
    egress: z.array(egressSchema).default([]),
    eventLog: serviceOrNone,
    /** Folder of policies each request is judged by before it reaches its device. */
    policies: z.string().min(1).optional(),
  })
  .superRefine(({ server, ingress, egress }, context) => {
    if (ingress.length + egress.length === 0) {
      context.addIssue({
        code: 'custom',
        message: 'needs an ingress, where a master connects, or an egress, where devices are',
      });
    }
    const egresses = new Map<string, number>();
    for (const [index, { account }] of egress.entries()) {
      const key = account.jid.toString();
      const first = egresses.get(key);
      if (first !== undefined) {
        const message = `egress[${first}] has this account, too: give them one egress with several lines`;
        context.addIssue({ code: 'custom', path: ['egress', index, 'account'], message });
      }
      egresses.set(key, index);
    }
    const domains = new Set([...ingress, ...egress].map(({ account }) => account.jid.domain));
    if (server.domain === undefined && domains.size > 1) {
      const message = `accounts are at ${[...domains].join(' and ')}: say which server.domain is meant`;
      context.addIssue({ code: 'custom', path: ['server'], message });
    }
  })
  // Where the server is found, the accounts say at which domain.
  .transform((config) => {
    const { server } = config;
    const first = (config.ingress[0] ?? config.egress[0])?.account as AccountConfig;
    return { ...config, server: { ...server, domain: server.domain ?? Jid.parse(first.jid.domain) } };
  });

export type AdapterConfig = z.output<typeof adapterConfigSchema>;
export type AdapterConfigInput = z.input<typeof adapterConfigSchema>;
export type IngressConfig = AdapterConfig['ingress'][number];
export type EgressConfig = AdapterConfig['egress'][number];
export type LineConfig = EgressConfig['lines'][number];
