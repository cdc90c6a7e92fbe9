import { z } from 'zod';

/**
 * The settings of a serial port.
 * @param baudRate bits a second, when not given
 * @param parity when not given
 */
export function serialSchema(baudRate: number, parity: 'none' | 'even') {
  return z.strictObject({
    path: z.string().min(1),
    baudRate: z.number().int().min(110).max(4_000_000).default(baudRate),
    dataBits: z.union([z.literal(7), z.literal(8)]).default(8),
    parity: z.enum(['none', 'even', 'odd']).default(parity),
    stopBits: z.union([z.literal(1), z.literal(2)]).default(1),
  });
}

/** What a line, or a door, is on. */
export interface Medium {
  readonly serial?: unknown;
  readonly address?: unknown;
}

/** Exactly one of a serial port and an address. @param name what the address is called */
export function checkMedium({ serial, address }: Medium, name: string, context: z.RefinementCtx): void {
  if ((serial === undefined) !== (address === undefined)) return;
  context.addIssue({ code: 'custom', message: `needs exactly one of ${name} and serial` });
}
