import { parseUuid } from '@thingward/ieee1451';
import { SERIAL_ADDRESSES } from '@thingward/ieee1451/tim';
import { z } from 'zod';
import { hostPort } from '../../adapters/host-port.ts';
import { timId } from '../../ncap/tim-id.ts';

/** A TIM's UUID, of either edition. */
const uuid = z.string().transform((text, context) => {
  if (parseUuid(text)) return timId(text.toLowerCase());
  context.addIssue({ code: 'custom', message: `expected a UUID, or the 20 hexadecimal digits of 2007, got "${text}"` });
  return z.NEVER;
});

const pollMs = z.number().int().min(50).max(86_400_000);

const serialSchema = z.strictObject({
  path: z.string().min(1),
  baudRate: z.number().int().min(110).max(4_000_000).default(115_200),
  dataBits: z.literal(8).default(8),
  parity: z.enum(['none', 'even', 'odd']).default('none'),
  stopBits: z.union([z.literal(1), z.literal(2)]).default(1),
  addresses: z
    .array(z.number().int().min(1).max(SERIAL_ADDRESSES))
    .min(1)
    .refine((addresses) => new Set(addresses).size === addresses.length, 'an address is there twice')
    .default([1]),
  answerMs: z.number().int().min(5).max(10_000).default(200),
});

/** Bits of the status-condition register. Which means what is the manufacturer's to say. */
const bits = z.array(z.number().int().min(0).max(31)).default([]);

/** TIMs of an NCAP. Every key is described in the package's README. */
export const ieee1451ConfigSchema = z
  .strictObject({
    listen: z.strictObject({ tcp: hostPort.optional(), udp: hostPort.optional() }).prefault({}),
    connect: z.array(hostPort).default([]),
    serial: z.array(serialSchema).default([]),
    admit: z.union([z.literal('any'), z.array(uuid)]).default([]),
    pollMs: pollMs.default(1000),
    polls: z
      .array(z.strictObject({ tim: uuid.optional(), channel: z.number().int().min(1).max(0xffff).optional(), pollMs }))
      .default([]),
    samples: z.number().int().min(1).max(0xffff).default(1),
    timeoutMs: z.number().int().min(50).max(60_000).optional(),
    silenceMs: z.number().int().min(100).max(600_000).default(3000),
    forgetMinutes: z.number().min(0).max(525_600).default(1440),
    maxTims: z.number().int().min(1).max(20_000).default(2000),
    statusBits: z.strictObject({ warning: bits, error: bits, powerFailure: bits, missing: bits }).optional(),
  })
  .superRefine(({ listen, connect, serial }, context) => {
    if (listen.tcp ?? listen.udp ?? connect[0] ?? serial[0]) return;
    context.addIssue({ code: 'custom', message: 'TIMs can come by no way: give listen, connect or serial' });
  });

export type Ieee1451Config = z.output<typeof ieee1451ConfigSchema>;
export type SerialLineConfig = Ieee1451Config['serial'][number];
