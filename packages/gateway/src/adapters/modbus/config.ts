import { z } from 'zod';
import { accountSchema, bareJid } from '../../config.ts';
import { hostPort } from '../host-port.ts';
import { checkLineNames, checkOverlaps } from '../lines-and-routes.ts';
import { checkMedium, type Medium, serialSchema } from '../medium.ts';
import { UnitRanges } from '../unit-ranges.ts';

const units = z.union([z.string(), z.number()]).transform((text, context): UnitRanges => {
  const ranges = UnitRanges.tryParse(String(text));
  if (ranges) return ranges;
  context.addIssue({ code: 'custom', message: `expected units such as 1, 1-10 or 1-10,20, got "${text}"` });
  return z.NEVER;
});

const serial = serialSchema(19_200, 'even');

const framing = z.enum(['tcp', 'rtu', 'ascii']);

/** Exactly one of a serial port and an address; a serial port has no frames of Modbus TCP. */
function checkFraming(
  medium: Medium & { readonly framing?: string | undefined },
  name: string,
  context: z.RefinementCtx,
): void {
  checkMedium(medium, name, context);
  if (medium.serial !== undefined && medium.framing === 'tcp') {
    context.addIssue({ code: 'custom', path: ['framing'], message: 'a serial line has frames of rtu or ascii' });
  }
}

const lineSchema = z
  .strictObject({
    name: z.string().min(1).default('default'),
    connect: hostPort.optional(),
    serial: serial.optional(),
    framing: framing.optional(),
    units: units.default(() => UnitRanges.tryParse('0-255') as UnitRanges),
    timeoutMs: z.number().int().min(50).max(60_000).default(1000),
    maxInFlight: z.number().int().min(1).max(16).default(1),
  })
  .superRefine(({ serial, connect, framing }, context) =>
    checkFraming({ serial, address: connect, framing }, 'connect', context),
  );

/** Where Modbus devices are. */
export const modbusEgressSchema = z
  .strictObject({
    account: accountSchema,
    protocol: z.literal('modbus'),
    masters: z
      .array(z.strictObject({ jid: bareJid, writes: z.boolean().default(false) }))
      .min(1, 'without masters nobody reaches the devices'),
    maxWaiting: z.number().int().min(1).max(10_000).default(100),
    lines: z.array(lineSchema).min(1),
  })
  .superRefine(({ lines }, context) => checkLineNames(lines, context));

/** Where Modbus masters connect. */
export const modbusIngressSchema = z
  .strictObject({
    account: accountSchema,
    protocol: z.literal('modbus'),
    listen: hostPort.optional(),
    serial: serial.optional(),
    framing: framing.optional(),
    timeoutMs: z.number().int().min(50).max(60_000).default(3000),
    maxConnections: z.number().int().min(1).max(10_000).default(64),
    maxInFlight: z.number().int().min(1).max(256).default(16),
    routes: z
      .array(z.strictObject({ units, to: bareJid, line: z.string().min(1).optional() }))
      .min(1, 'without routes nothing is reached'),
  })
  .superRefine(({ serial, listen, framing, routes }, context) => {
    checkFraming({ serial, address: listen, framing }, 'listen', context);
    checkOverlaps(routes, 'units', context);
  });

export type ModbusIngressConfig = z.output<typeof modbusIngressSchema>;
export type ModbusEgressConfig = z.output<typeof modbusEgressSchema>;
export type LineConfig = ModbusEgressConfig['lines'][number];
