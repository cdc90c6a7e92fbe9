import { Jid } from '@thingward/xmpp';
import { z } from 'zod';
import { decimalsAround } from '../decimal.ts';
import { MinuteClock } from '../minute-clock.ts';
import type { EntitiesFile } from '../network/entities-file.ts';
import { KnownNetwork, type KnownPair } from '../network/known-network.ts';
import { NO_FACTS } from '../network/live-facts.ts';
import { ACTIONS, AUTHENTICATION_STRENGTHS, ORIGINS, parseResourceId } from '../operation.ts';
import type { ContextAttribute, ContextValue } from './context-attributes.ts';
import type { PolicyRequest } from './policy-request.ts';

const address = z.string().transform((text, context): string => {
  const jid = Jid.tryParse(text);
  if (jid) return jid.bare.toString();
  context.addIssue({ code: 'custom', message: `expected an address such as ana@example.org, got "${text}"` });
  return z.NEVER;
});
const flag = z.boolean().optional();
const long = z.number().int().optional();
const text = z.string().optional();
const number = z.union([z.number(), z.string()]).optional();

/** What may be said about the circumstances of a question; what is not said is as it usually is. */
const contextSchema = z.strictObject({
  protocol: text,
  name: text,
  text,
  number,
  fieldTypes: z.array(z.string()).optional(),
  sourceId: text,
  cacheType: text,
  method: text,
  path: text,
  function: long,
  unit: long,
  table: text,
  address: long,
  lastAddress: long,
  channel: long,
  attribute: text,
  indexRange: text,
  methodId: text,
  argument: long,
  securityMode: text,
  userToken: text,
  isNested: flag,
  origin: z.enum(ORIGINS).optional(),
  isEncrypted: flag,
  authentication: z.enum(AUTHENTICATION_STRENGTHS).optional(),
  ip: text,
  isFriend: flag,
  ownerAllows: flag,
  /** ISO 8601. */
  time: z
    .string()
    .refine((given) => !Number.isNaN(Date.parse(given)), 'expected a time such as 2026-11-26T10:00:00Z')
    .optional(),
  hour: z.number().int().min(0).max(23).optional(),
  weekday: z.number().int().min(1).max(7).optional(),
  previous: number,
  change: number,
  changePerSecond: number,
  secondsSinceLast: long,
  perMinute: long,
  perHour: long,
  isFirstSeen: flag,
  isScan: flag,
  isBurst: flag,
  isReplay: flag,
});

/** A question to policies, as people write it. */
export const questionSchema = z.strictObject({
  principal: address,
  action: z.enum(ACTIONS),
  /** `jid` or `jid#node`. */
  resource: z.string().min(1),
  kind: z.enum(['thing', 'service']).default('thing'),
  /** Bare JID, where no file says whose it is. */
  owner: address.optional(),
  context: contextSchema.prefault({}),
});
export type Question = z.output<typeof questionSchema>;

/** A question put so that policies can answer it: once for each decimal its number lies between. */
export function policyRequests(
  { principal, action, resource, kind, owner, context }: Question,
  entities: EntitiesFile,
  now: Date,
): readonly PolicyRequest[] {
  const { jid: jidText, node } = parseResourceId(resource);
  const jid = Jid.parse(jidText).bare.toString();
  const domain = jid.slice(jid.indexOf('@') + 1);
  const facts = {
    ...NO_FACTS,
    isRegistered: () => owner !== undefined,
    thing: () => (owner === undefined ? undefined : { owner }),
    isLocal: (name: string) => name === domain,
  };
  const network = new KnownNetwork(entities, facts);
  const pair = network.pair(principal, { kind, jid, ...(node === undefined ? {} : { node }) }) as KnownPair;
  const clock = new MinuteClock(entities.timeZone).read((context.time ? new Date(context.time) : now).getTime());
  const decimal = (value: string | number | undefined) =>
    value === undefined ? undefined : decimalsAround(String(value))[0];
  const hour = context.hour ?? clock.hour;
  const values: Partial<Record<ContextAttribute, ContextValue | undefined>> = {
    protocol: action === 'set' ? 'control' : 'sensor-data',
    isNested: false,
    origin: 'client',
    isEncrypted: true,
    isFriend: false,
    ownerAllows: false,
    perMinute: 1,
    perHour: 1,
    isFirstSeen: false,
    isScan: false,
    isBurst: false,
    isReplay: false,
    ...clock,
    ...context,
    time: clock.time,
    hour,
    minuteOfDay: hour === clock.hour ? clock.minuteOfDay : hour * 60,
    authentication: AUTHENTICATION_STRENGTHS.indexOf(context.authentication ?? 'challenge'),
    previous: decimal(context.previous),
    change: decimal(context.change),
    changePerSecond: decimal(context.changePerSecond),
    text: context.text ?? (context.number === undefined ? undefined : String(context.number)),
  };
  const around = context.number === undefined ? [] : decimalsAround(String(context.number));
  return (around.length === 0 ? [undefined] : around).map((one) => {
    const all = { ...values, number: one };
    return {
      principal: pair.principal,
      action,
      resource: pair.resource,
      context: (name) => all[name],
    };
  });
}
