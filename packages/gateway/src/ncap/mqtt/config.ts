import { Jid } from '@thingward/xmpp';
import { z } from 'zod';
import { bareJid, serviceOrNone } from '../../config.ts';

const domain = z.string().transform((text, context): string => {
  const jid = Jid.tryParse(text);
  if (jid && jid.local === undefined && jid.resource === undefined) return jid.domain;
  context.addIssue({ code: 'custom', message: `expected a domain name such as mqtt.example.org, got "${text}"` });
  return z.NEVER;
});

const brokerUrl = z.string().refine((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && ['mqtt:', 'mqtts:', 'ws:', 'wss:'].includes(url.protocol) && url.password === '';
}, 'expected the address of a broker such as mqtt://127.0.0.1:1883, with passwordFile for a password');

/** The configuration of `thingward service mqtt-bridge`. Every key is described in docs/mcap.md. */
export const mqttBridgeConfigSchema = z.strictObject({
  domain,
  secret: z.string().min(1),
  server: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1'),
      port: z.number().int().min(1).max(65_535).default(5347),
    })
    .prefault({}),
  mcap: serviceOrNone.refine((mcap) => mcap !== 'none', 'a bridge without an MCAP does nothing'),
  broker: z.strictObject({
    url: brokerUrl,
    username: z.string().min(1).optional(),
    passwordFile: z.string().min(1).optional(),
    ca: z.string().min(1).optional(),
  }),
  /** UUID by which NCAPs know the bridge. */
  appId: z.uuid().optional(),
  /** Places below the root of 1451.1.6 where NCAPs are asked for: `PLANT`, `PLANT/NCAP-1`. Others are found when they announce themselves. */
  places: z.array(z.string().min(1).max(256)).max(100).default([]),
  encoding: z.enum(['binary', 'hex', 'base64']).default('binary'),
  /** May read everything that is found. */
  readers: z.array(bareJid).max(100).default([]),
  timeoutSeconds: z.number().min(0.1).max(10).default(5),
  refreshSeconds: z.number().min(1).max(86_400).default(60),
});

export type MqttBridgeConfig = z.output<typeof mqttBridgeConfigSchema>;
export type MqttBridgeConfigInput = z.input<typeof mqttBridgeConfigSchema>;
