import { type Element, xml } from '@thingward/xml';
import type { Jid } from '@thingward/xmpp';
import type { FieldType } from '../sensor-data/field.ts';
import { encodeWanted } from '../sensor-data/harmonized-codec.ts';
import { decodeWantedCategories } from '../sensor-data/harmonized-field-codec.ts';
import { decodeHarmonizedNode, outgoingHarmonizedNode, outgoingHarmonizedTokens } from '../thing/harmonized-payload.ts';
import type { NodeReference } from '../thing/node.ts';
import { outgoingText, PayloadError, requiredAttribute, type Tokens } from '../thing/payload.ts';
import { bareJid, resultOf } from './codec.ts';
import type { AccessKind, RuleScope, ThingAccess } from './rule-codec.ts';

const QUESTIONS = { friend: 'isFriend', read: 'canRead', control: 'canControl' } as const satisfies Record<
  AccessKind,
  string
>;

/** A question to an owner, who answers with its `key`. */
export interface HarmonizedOwnerQuestion extends ThingAccess, Tokens {
  readonly requester: Jid;
  readonly key: string;
  readonly types: readonly FieldType[];
  /** Names of fields or parameters that were asked for; empty: all. */
  readonly names: readonly string[];
}

/** An owner's answer. */
export interface HarmonizedOwnerRule extends ThingAccess {
  readonly requester: Jid;
  readonly key: string;
  readonly isAllowed: boolean;
  readonly scope: RuleScope;
  /** The token the rule is for. */
  readonly subject?: string | undefined;
  readonly names?: readonly string[] | undefined;
  readonly types?: readonly FieldType[] | undefined;
}

/** The payload of the message that asks an owner. @throws PayloadError for what can't be written @see Neuro-Foundation, Provisioning */
export function encodeHarmonizedOwnerQuestion(question: HarmonizedOwnerQuestion, namespace: string): Element {
  const { kind, jid, node, requester, key, types, names } = question;
  const name = QUESTIONS[kind];
  return xml(
    name,
    {
      xmlns: namespace,
      jid: jid.bare.toString(),
      remoteJid: requester.bare.toString(),
      key: outgoingText(key, `${name}/@key`),
      ...outgoingHarmonizedTokens(question, name),
      ...(kind === 'read' ? encodeWanted(types) : {}),
    },
    node && xml('nd', outgoingHarmonizedNode(node, `${name}/nd`)),
    names.map((item) => xml(kind === 'read' ? 'f' : 'p', { n: outgoingText(item, `${name}/@n`) })),
  );
}

/** @throws PayloadError */
export function decodeHarmonizedOwnerRule(element: Element): HarmonizedOwnerRule {
  const kind = (Object.keys(QUESTIONS) as AccessKind[]).find(
    (candidate) => element.name === `${QUESTIONS[candidate]}Rule`,
  );
  if (kind === undefined) throw new PayloadError('unexpected-element', element.name, 'expected a rule');
  const { name } = element;
  const partial = element.child('partial');
  const child = element.child('nd');
  const names = partial
    ?.childrenNamed(kind === 'read' ? 'f' : 'p')
    .map((item, i) => requiredAttribute(item, 'n', `${name}/partial/*[${i + 1}]`));
  const types = kind === 'read' && partial ? decodeWantedCategories(partial) : [];
  const node: NodeReference | undefined = child && decodeHarmonizedNode(child, `${name}/nd`);
  return {
    kind,
    jid: bareJid(element),
    node,
    requester: bareJid(element.with({ jid: requiredAttribute(element, 'remoteJid', name) })),
    key: requiredAttribute(element, 'key', name),
    isAllowed: resultOf(element),
    ...(kind === 'friend' ? friendScope(element) : ruleScope(element)),
    names: names?.length ? names : undefined,
    types: types.length > 0 ? types : undefined,
  };
}

/** `range` is Caller, Domain or All. */
function friendScope(element: Element): { readonly scope: RuleScope } {
  const range = element.attribute('range') ?? 'Caller';
  if (range === 'Caller') return { scope: 'requester' };
  if (range === 'Domain') return { scope: 'domain' };
  if (range === 'All') return { scope: 'anyone' };
  throw new PayloadError('invalid-value', `${element.name}/@range`, 'expected Caller, Domain or All');
}

function ruleScope(element: Element): { readonly scope: RuleScope; readonly subject?: string } {
  for (const [name, scope] of [
    ['fromService', 'service'],
    ['fromDevice', 'device'],
    ['fromUser', 'user'],
  ] as const) {
    const origin = element.child(name);
    if (origin) return { scope, subject: requiredAttribute(origin, 'token', `${element.name}/${name}`) };
  }
  if (element.child('fromDomain')) return { scope: 'domain' };
  if (element.child('all')) return { scope: 'anyone' };
  return { scope: 'requester' };
}
