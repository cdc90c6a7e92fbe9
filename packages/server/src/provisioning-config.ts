import { isIP } from 'node:net';
import { z } from 'zod';

const texts = z.array(z.string().min(1)).min(1).optional();

/** An address, or a range like 10.0.0.0/8. */
const addressRange = z.string().superRefine((text, context) => {
  const [network = '', bits, ...rest] = text.split('/');
  const family = isIP(network);
  const most = family === 6 ? 128 : 32;
  const isRange = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
  if (family !== 0 && isRange && rest.length === 0) return;
  context.addIssue({ code: 'custom', message: `expected an address or a range such as 10.0.0.0/8, got "${text}"` });
});

/** Of a certificate in DER, with or without colons. */
const fingerprint = z
  .string()
  .transform((text) => text.replaceAll(':', '').toLowerCase())
  .pipe(z.string().regex(/^(?:[0-9a-f]{64}|[0-9a-f]{40})$/, 'expected SHA-256 (or SHA-1) in hexadecimal'));

const sha256 = fingerprint.pipe(
  z.string().length(64, 'expected the SHA-256 of the certificate, 32 octets in hexadecimal'),
);

const privilegeId = z.string().regex(/^[^.\s]+(\.[^.\s]+)*$/, 'expected parts with a full stop between them');
const privilege = z
  .union([z.strictObject({ include: privilegeId }), z.strictObject({ exclude: privilegeId })])
  .transform((rule) =>
    'include' in rule ? { kind: 'include' as const, id: rule.include } : { kind: 'exclude' as const, id: rule.exclude },
  );

const grant = z.strictObject({
  allow: z.boolean().default(true),
  jid: texts,
  userName: texts,
  hostName: texts,
  address: z.array(addressRange).min(1).optional(),
  certificate: z.array(fingerprint).min(1).optional(),
  protocol: texts,
  sso: texts,
  within: z
    .strictObject({
      latitude: z.number().min(-90).max(90),
      longitude: z.number().min(-180).max(180),
      km: z.number().positive(),
    })
    .optional(),
  privileges: z.array(privilege).default([]),
});

/** The provisioning server. Every key is described in docs/configuration.md. @see XEP-0324 */
export const provisioningSchema = z
  .strictObject({
    secondaryTrust: z.boolean().default(false),
    maxRulesPerOwner: z.number().int().positive().default(500),
    services: z
      .array(z.strictObject({ name: z.string().min(1), certificate: sha256, grants: z.array(grant).default([]) }))
      .default([]),
  })
  .prefault({});
