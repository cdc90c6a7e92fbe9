import { parseStringIds } from '@thingward/things';
import { z } from 'zod';
import { pointListSchema } from '../../broker/point-list-reference.ts';
import { CONNECTED } from '../fields.ts';

const address = z.number().int().min(0).max(65519);

const OUTPUTS = ['binary-output', 'analog-output'];

/** String IDs of the field's name in a language module. @see XEP-0323 §6.2 */
const stringIds = z.string().superRefine((text, context) => {
  try {
    parseStringIds(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
  }
});

/** A point of the outstation: a line of its point list. */
export const dnp3PointSchema = z
  .strictObject({
    name: z.string().min(1),
    kind: z.enum([
      'binary',
      'double-bit',
      'binary-output',
      'counter',
      'frozen-counter',
      'analog',
      'frozen-analog',
      'analog-output',
      'octet-string',
    ]),
    index: z.number().int().min(0).max(65535),
    unit: z.string().default(''),
    scale: z
      .number()
      .refine((value) => value !== 0, 'a scale of 0 makes every value 0')
      .default(1),
    offset: z.number().default(0),
    decimals: z.number().int().min(0).max(15).optional(),
    types: z
      .array(z.enum(['momentary', 'status', 'computed', 'identity', 'peak']))
      .min(1)
      .default(['momentary']),
    localization: z.strictObject({ module: z.string().min(1).optional(), stringIds }).optional(),
    writable: z
      .strictObject({
        label: z.string().min(1).optional(),
        description: z.string().min(1).optional(),
        min: z.number().optional(),
        max: z.number().optional(),
        /** Select before operate, or direct operate. */
        command: z.enum(['select', 'direct']).default('select'),
        /** What is sent to a binary output for true and false. */
        operation: z.enum(['latch', 'pulse', 'trip-close']).default('latch'),
        onTimeMs: z.number().int().min(0).max(600_000).default(100),
        /** How a set-point is sent. */
        type: z.enum(['int16', 'int32', 'float32', 'float64']).default('float32'),
      })
      .refine(({ min, max }) => min === undefined || max === undefined || min <= max, 'min is greater than max')
      .optional(),
  })
  .superRefine((point, context) => {
    const complain = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (point.writable && !OUTPUTS.includes(point.kind)) {
      complain('writable', `a ${point.kind} can only be read; outputs are ${OUTPUTS.join(' and ')}`);
    }
    const isNumber = point.kind.includes('analog') || point.kind.includes('counter');
    if (!isNumber && (point.scale !== 1 || point.offset !== 0)) complain('scale', `a ${point.kind} is no number`);
    if (point.name === CONNECTED)
      complain('name', `"${CONNECTED}" is the field that says whether the outstation answers`);
  });

/** Complains of points with the same name. */
export function checkNames(
  points: readonly { readonly name: string }[],
  complain: (index: number, message: string) => void,
): void {
  const names = new Set<string>();
  for (const [index, { name }] of points.entries()) {
    if (names.has(name)) complain(index, `two points are named "${name}"`);
    names.add(name);
  }
}

export const dnp3ConfigSchema = z
  .strictObject({
    host: z.string().min(1),
    port: z.number().int().min(1).max(65535).default(20_000),
    outstation: address.default(10),
    master: address.default(1),
    timeoutMs: z.number().int().min(50).max(60_000).default(5000),
    linkConfirm: z.boolean().default(false),
    maxInFlight: z.number().int().min(1).max(100).default(1),
    unsolicited: z
      .array(z.union([z.literal(1), z.literal(2), z.literal(3)]))
      .refine((classes) => new Set(classes).size === classes.length, 'a class is there twice')
      .default([1, 2, 3]),
    integrityMs: z.number().int().min(1000).max(86_400_000).default(3_600_000),
    eventPollMs: z.number().int().min(50).max(86_400_000).default(1000),
    timeSync: z.enum(['lan', 'serial', 'none']).default('lan'),
    timestamps: z.enum(['outstation', 'gateway']).default('outstation'),
    pollMs: z.number().int().min(100).default(10_000),
    /** Takes what masters of an adapter in the same process are told, and asks for nothing but when somebody reads it. */
    passive: z.boolean().default(false),
    pointList: pointListSchema.optional(),
    points: z.array(dnp3PointSchema).default([]),
  })
  .superRefine(({ points, pointList }, context) => {
    if (points.length === 0 && pointList === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['points'],
        message: 'there is no point: list some, or name a pointList',
      });
    }
    checkNames(points, (index, message) =>
      context.addIssue({ code: 'custom', path: ['points', index, 'name'], message }),
    );
  });

export type Dnp3Config = z.output<typeof dnp3ConfigSchema>;
export type Dnp3Point = Dnp3Config['points'][number];

/** What all Things of one outstation have in common. */
const ASSOCIATION_KEYS = [
  'timeoutMs',
  'linkConfirm',
  'unsolicited',
  'integrityMs',
  'eventPollMs',
  'timeSync',
  'passive',
] as const satisfies readonly (keyof Dnp3Config)[];

/** Which of two Things' settings for the same outstation, or connection, contradict each other; undefined: none. */
export function contradiction(one: Dnp3Config, other: Dnp3Config): string | undefined {
  if (one.host !== other.host || one.port !== other.port) return undefined;
  if (one.maxInFlight !== other.maxInFlight) return 'maxInFlight';
  if (one.outstation !== other.outstation || one.master !== other.master) return undefined;
  return ASSOCIATION_KEYS.find((key) => JSON.stringify(one[key]) !== JSON.stringify(other[key]));
}
