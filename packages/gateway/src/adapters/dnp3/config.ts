import { z } from 'zod';
import { accountSchema, bareJid } from '../../config.ts';
import { hostPort } from '../host-port.ts';
import { checkLineNames, checkOverlaps } from '../lines-and-routes.ts';
import { checkMedium, serialSchema } from '../medium.ts';
import { UnitRanges } from '../unit-ranges.ts';

/** Addresses above are reserved, or mean all outstations. @see IEEE 1815-2012 §9.2.5.2 */
const GREATEST_ADDRESS = 65_519;
const ALL_ADDRESSES = 65_535;

const outstations = z.union([z.string(), z.number()]).transform((text, context): UnitRanges => {
  const ranges = UnitRanges.tryParse(String(text), ALL_ADDRESSES);
  if (ranges) return ranges;
  context.addIssue({ code: 'custom', message: `expected addresses such as 10, 10-20 or 10-20,30, got "${text}"` });
  return z.NEVER;
});

const serial = serialSchema(9600, 'none');

const lineSchema = z
  .strictObject({
    name: z.string().min(1).default('default'),
    connect: hostPort.optional(),
    serial: serial.optional(),
    outstations: outstations.default(() => UnitRanges.tryParse(`0-${GREATEST_ADDRESS}`, ALL_ADDRESSES) as UnitRanges),
    timeoutMs: z.number().int().min(50).max(60_000).default(7000),
    maxInFlight: z.number().int().min(1).max(100).default(1),
    linkConfirm: z.boolean().default(false),
  })
  .superRefine(({ serial, connect }, context) => checkMedium({ serial, address: connect }, 'connect', context));

/** Where outstations are. */
export const dnp3EgressSchema = z
  .strictObject({
    account: accountSchema,
    protocol: z.literal('dnp3'),
    masters: z
      .array(
        z.strictObject({
          jid: bareJid,
          address: z.number().int().min(0).max(GREATEST_ADDRESS).default(1),
          writes: z.boolean().default(false),
        }),
      )
      .min(1, 'without masters nobody reaches the outstations'),
    maxWaiting: z.number().int().min(1).max(10_000).default(100),
    lines: z.array(lineSchema).min(1),
  })
  .superRefine(({ masters, lines }, context) => {
    checkLineNames(lines, context);
    const addresses = new Map<number, number>();
    for (const [index, { address }] of masters.entries()) {
      const first = addresses.get(address);
      if (first !== undefined) {
        const message = `masters[${first}] has the address ${address}, too: outstations tell masters apart by it`;
        context.addIssue({ code: 'custom', path: ['masters', index, 'address'], message });
      }
      addresses.set(address, index);
    }
  });

/** Where DNP3 masters connect. */
export const dnp3IngressSchema = z
  .strictObject({
    account: accountSchema,
    protocol: z.literal('dnp3'),
    listen: hostPort.optional(),
    serial: serial.optional(),
    timeoutMs: z.number().int().min(50).max(60_000).default(10_000),
    maxConnections: z.number().int().min(1).max(10_000).default(64),
    maxInFlight: z.number().int().min(1).max(256).default(16),
    routes: z
      .array(z.strictObject({ outstations, to: bareJid, line: z.string().min(1).optional() }))
      .min(1, 'without routes nothing is reached'),
  })
  .superRefine(({ serial, listen, routes }, context) => {
    checkMedium({ serial, address: listen }, 'listen', context);
    checkOverlaps(routes, 'outstations', context);
  });

export type Dnp3IngressConfig = z.output<typeof dnp3IngressSchema>;
export type Dnp3EgressConfig = z.output<typeof dnp3EgressSchema>;
