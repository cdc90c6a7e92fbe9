import { pointLength } from '@thingward/modbus';
import { parseStringIds } from '@thingward/things';
import { z } from 'zod';
import { pointListSchema } from '../../broker/point-list-reference.ts';
import { CONNECTED } from '../fields.ts';

/** @see MODBUS Application Protocol V1.1b3 §6.12 */
const MAX_WRITE_REGISTERS = 123;

/** String IDs of the field's name in a language module. @see XEP-0323 §6.2 */
const stringIds = z.string().superRefine((text, context) => {
  try {
    parseStringIds(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
  }
});

/** A value of the device: a line of its register map. */
export const pointSchema = z
  .strictObject({
    name: z.string().min(1),
    table: z.enum(['coil', 'discrete-input', 'input-register', 'holding-register']),
    address: z.number().int().min(0).max(65535),
    type: z
      .enum(['bool', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'float32', 'float64', 'string'])
      .optional(),
    bit: z.number().int().min(0).max(15).optional(),
    length: z.number().int().min(1).max(125).optional(),
    byteOrder: z.enum(['big', 'little']).default('big'),
    wordOrder: z.enum(['big', 'little']).default('big'),
    scale: z
      .number()
      .refine((value) => value !== 0, 'a scale of 0 makes every value 0')
      .default(1),
    offset: z.number().default(0),
    decimals: z.number().int().min(0).max(15).optional(),
    unit: z.string().default(''),
    types: z
      .array(z.enum(['momentary', 'status', 'computed', 'identity', 'peak']))
      .min(1)
      .default(['momentary']),
    pollGroup: z.string().min(1).default('default'),
    localization: z.strictObject({ module: z.string().min(1).optional(), stringIds }).optional(),
    writable: z
      .strictObject({
        label: z.string().min(1).optional(),
        description: z.string().min(1).optional(),
        min: z.number().optional(),
        max: z.number().optional(),
      })
      .refine(({ min, max }) => min === undefined || max === undefined || min <= max, 'min is greater than max')
      .optional(),
  })
  .superRefine((point, context) => {
    const isBits = point.table === 'coil' || point.table === 'discrete-input';
    const complain = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (isBits && point.type !== undefined && point.type !== 'bool') complain('type', `a ${point.table} is a bool`);
    if (!isBits && point.type === undefined) complain('type', `a point of the table ${point.table} needs a type`);
    if (point.type === 'string' && point.length === undefined)
      complain('length', 'a string needs its length in registers');
    if (point.writable && (point.table === 'discrete-input' || point.table === 'input-register')) {
      complain('writable', `the table ${point.table} can only be read`);
    }
    if (!isBits && point.type === 'bool' && point.bit === undefined)
      complain('bit', 'a bool in a register needs its bit, 0 to 15');
  })
  .transform((point) => ({ ...point, type: point.type ?? ('bool' as const) }))
  .superRefine((point, context) => {
    const complain = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    const length = pointLength(point);
    const last = point.address + length - 1;
    if (last > 0xffff) complain('address', `its last register would be ${last}, past 65535`);
    if (point.writable && length > MAX_WRITE_REGISTERS) {
      complain('writable', `at most ${MAX_WRITE_REGISTERS} registers can be written at once`);
    }
    if (point.name === CONNECTED) complain('name', `"${CONNECTED}" is the field that says whether the unit answers`);
  });

export const modbusConfigSchema = z
  .strictObject({
    host: z.string().min(1),
    port: z.number().int().min(1).max(65535).default(502),
    unit: z.number().int().min(0).max(255).default(1),
    timeoutMs: z.number().int().min(50).max(60_000).default(1000),
    maxInFlight: z.number().int().min(1).max(16).default(1),
    maxGapRegisters: z.number().int().min(0).max(124).default(8),
    maxGapBits: z.number().int().min(0).max(1999).default(64),
    pollGroups: z.record(z.string(), z.number().int().min(50)).default({ default: 1000 }),
    /** Further points: a table in CSV, or a document of the broker. */
    pointList: pointListSchema.optional(),
    /** Takes what passes between masters and the unit, and asks it nothing but when somebody reads it. */
    passive: z.boolean().default(false),
    points: z.array(pointSchema).default([]),
  })
  .superRefine(({ points, pointList, pollGroups }, context) => {
    if (points.length === 0 && pointList === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['points'],
        message: 'there is no point: list some, or name a pointList',
      });
    }
    checkPoints(points, pollGroups, (index, key, message) => {
      context.addIssue({ code: 'custom', path: ['points', index, key], message });
    });
  });

/** What can't be seen from a point alone. @param complain told of each fault, with the index of the point and its key */
export function checkPoints(
  points: readonly Pick<Point, 'name' | 'pollGroup'>[],
  pollGroups: Readonly<Record<string, number>>,
  complain: (index: number, key: string, message: string) => void,
): void {
  const names = new Set<string>();
  for (const [index, { name, pollGroup }] of points.entries()) {
    if (names.has(name)) complain(index, 'name', `two points are named "${name}"`);
    names.add(name);
    if (Object.hasOwn(pollGroups, pollGroup)) continue;
    const known = Object.keys(pollGroups).join(', ');
    complain(index, 'pollGroup', `there is no poll group "${pollGroup}" (there are: ${known})`);
  }
}

export type ModbusConfig = z.output<typeof modbusConfigSchema>;
export type Point = z.output<typeof pointSchema>;
