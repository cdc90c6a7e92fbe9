import { z } from 'zod';

/** How Things find the server with nothing typed. Every key is described in docs/configuration.md. @see XEP-0347 §3.3 */
export const announceSchema = z
  .strictObject({
    mdns: z.boolean().default(false),
    ssdp: z.boolean().default(false),
    descriptionPort: z.number().int().min(0).max(65_535).default(0),
    name: z
      .string()
      .regex(/^[a-z\d](?:[a-z\d-]{0,58}[a-z\d])?$/i, 'expected the name of a machine, without dots')
      .optional(),
    interfaces: z
      .array(z.string().regex(/^[\w.:%-]+$/, 'expected names or addresses of network interfaces of this machine'))
      .min(1)
      .optional(),
  })
  .prefault({});

export type AnnounceConfig = z.output<typeof announceSchema>;
