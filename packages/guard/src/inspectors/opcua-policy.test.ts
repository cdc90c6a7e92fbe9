import { readFileSync } from 'node:fs';
import { encodeCarriedRequest, type OpcUaMessage } from '@thingward/opcua';
import { parseElement, xml } from '@thingward/xml';
import { Jid } from '@thingward/xmpp';
import { expect, test } from 'vitest';
import {
  DOUBLE,
  hidden,
  many,
  message,
  node,
  number,
  one,
  STRUCTURE,
  VARIANT,
  write,
} from '../../test/opcua-requests.ts';
import { Guard } from '../guard.ts';
import type { GuardDecision } from '../guard-decision.ts';
import { Inspection } from '../inspection.ts';
import { NO_FACTS } from '../network/live-facts.ts';
import { compileBundle } from '../policy/policy-bundle.ts';
import { refusal } from '../refusal.ts';

/* From the stanza to the decision, with the policies that the templates make. */

const EXAMPLES = new URL('../../policies/examples/', import.meta.url);
const example = (name: string, file: string) => readFileSync(new URL(`${name}/${file}`, EXAMPLES), 'utf8');
const FILES = new Map([
  ['entities.yaml', example('opcua-node-within', 'entities.yaml')],
  ...['opcua-node-within', 'opcua-node-read-only', 'opcua-no-anonymous'].map((name): [string, string] => [
    `${name}.cedar`,
    example(name, `${name}.cedar`),
  ]),
]);
const CIRCUMSTANCES = { origin: 'client', isEncrypted: true, authentication: 'challenge' } as const;
const PUMP = node('Pump.Speed');

function decide(who: string, sent: OpcUaMessage): GuardDecision {
  const guard = new Guard({
    facts: NO_FACTS,
    enforcer: 'router',
    clock: () => new Date('2026-11-26T10:00:00Z'),
    newId: () => 'r1',
  });
  guard.use(compileBundle(FILES));
  const stanza = xml('iq', { xmlns: 'jabber:client', type: 'set', id: '1' }, encodeCarriedRequest({ message: sent }));
  const about = { kind: 'iq', type: 'set', from: who, to: 'plant@example.org' } as const;
  const found = new Inspection().operations(parseElement(stanza.toString()), about);
  const principal = Jid.parse(who);
  return guard.decide(
    found.map((operation) => ({ ...operation, principal, circumstances: CIRCUMSTANCES })),
  ) as GuardDecision;
}

const two = (values: readonly number[], chunkOctets?: number) =>
  message(
    'WriteRequest',
    {
      nodesToWrite: values.map((value) => ({
        nodeId: PUMP,
        attributeId: 13,
        indexRange: null,
        value: { value: one(DOUBLE, value) },
      })),
    },
    chunkOctets === undefined ? {} : { chunkOctets },
  );
const subscribed = message('PublishRequest', { subscriptionAcknowledgements: null });

test.each<[string, string, OpcUaMessage, 'permit' | 'deny']>([
  ['within the limits', 'ana@example.org', two([100, 800]), 'permit'],
  ['within them in chunks', 'ana@example.org', two([100, 800], 11), 'permit'],
  ['one of two beyond them', 'ana@example.org', two([100, 800.5]), 'deny'],
  ['one of two beyond them, in chunks', 'ana@example.org', two([100, 800.5], 11), 'deny'],
  [
    'one of a nested array beyond them',
    'ana@example.org',
    write(PUMP, { value: many(VARIANT, [one(DOUBLE, 500), one(VARIANT, one(DOUBLE, 900))]) }),
    'deny',
  ],
  [
    'beside a structure nobody knows',
    'ana@example.org',
    write(PUMP, { value: many(VARIANT, [one(DOUBLE, 500), one(STRUCTURE, hidden(number(7, 3)))]) }),
    'deny',
  ],
  ['what may be written', 'ana@example.org', write(PUMP, { value: one(DOUBLE, 500) }, 17), 'deny'],
  ['another node', 'ana@example.org', write(node('Pump.Mode'), { value: one(DOUBLE, 500) }), 'deny'],
  ['another node, by the owner', 'owner@example.org', write(node('Pump.Mode'), { value: one(DOUBLE, 500) }), 'permit'],
  [
    'the read only one, by the owner',
    'owner@example.org',
    write(node('Pump.Serial'), { value: one(DOUBLE, 500) }),
    'deny',
  ],
  ['the limited one, by the owner', 'owner@example.org', two([900]), 'deny'],
  ['a new name for it', 'owner@example.org', message('RegisterNodesRequest', { nodesToRegister: [PUMP] }), 'deny'],
  ['by somebody else', 'eve@example.org', two([500]), 'deny'],
  ['notifications', 'eve@example.org', subscribed, 'permit'],
  [
    'what is encrypted, by the owner',
    'owner@example.org',
    { kind: 'secured', type: 'MSG', chunkType: 'F', channelId: 1, security: { tokenId: 1 }, octets: Uint8Array.of(1) },
    'deny',
  ],
])('%s', (_, who, sent, outcome) => {
  const decision = decide(who, sent);
  expect(decision.outcome).toBe(outcome);
  if (outcome === 'deny' && decision.decisive.action === 'opaque') {
    expect(refusal(decision).condition).toBe('not-allowed');
  }
});
