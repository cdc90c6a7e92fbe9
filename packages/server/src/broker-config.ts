import { DEFAULT_BROKER_LIMITS } from '@thingward/services';
import { z } from 'zod';

const positive = z.number().int().positive();
const limits = DEFAULT_BROKER_LIMITS;

const broker = z.strictObject({
  // What is larger would not fit into a stanza once it is written in Base64.
  contentBytes: positive.max(limits.contentBytes).default(limits.contentBytes),
  documentsPerThing: positive.default(limits.documentsPerThing),
  documentsPerAccount: positive.default(limits.documentsPerJid),
  bytesPerAccount: positive.default(limits.bytesPerJid),
  changesPerMinute: positive.default(limits.perMinute),
});

/** The service broker elsewhere. Every key is described in docs/configuration.md. */
export const brokerSchema = broker.prefault({});

/** The service broker beside a server. */
export const serverBrokerSchema = broker.extend({ enabled: z.boolean().default(true) }).prefault({});

export type BrokerConfig = z.output<typeof brokerSchema>;
