import { baselineConfigSchema } from '@thingward/guard';
import { Jid } from '@thingward/xmpp';
import { z } from 'zod';
import { type AccountConfig, serverSchema, serviceOrNone } from '../config.ts';
import { dnp3EgressSchema, dnp3IngressSchema } from './dnp3/config.ts';
import { modbusEgressSchema, modbusIngressSchema } from './modbus/config.ts';

const ingressSchema = z.discriminatedUnion('protocol', [modbusIngressSchema, dnp3IngressSchema]);
const egressSchema = z.discriminatedUnion('protocol', [modbusEgressSchema, dnp3EgressSchema]);

/** The configuration of `thingward adapter`. Every key is described in docs/transversion.md and docs/transversion-dnp3.md. */
export const adapterConfigSchema = z
  .strictObject({
    server: serverSchema,
    dataDir: z.string().min(1).default('./adapter-data'),
    ingress: z.array(ingressSchema).default([]),
    egress: z.array(egressSchema).default([]),
    eventLog: serviceOrNone,
    /** Folder of policies each request is judged by before it reaches its device. */
    policies: z.string().min(1).optional(),
    /** What is taken for unusual. */
    baseline: baselineConfigSchema,
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
