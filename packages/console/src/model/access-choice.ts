import {
  type AccessQuestionToOwner,
  type AccessRule,
  type FieldType,
  HISTORICAL_FIELD_TYPES,
  type RuleContent,
  type RuleScope,
} from '@thingward/things';

/** For how long a decision counts. `kept`: as long as it does already. */
export type Duration = 'always' | 'day' | 'once' | 'kept';

/** What an owner chooses in a form. */
export interface Choice {
  readonly isAllowed: boolean;
  readonly duration: Duration;
  /** Names of fields or parameters; undefined: all. */
  readonly names?: readonly string[] | undefined;
  /** Kinds of fields; undefined: all. */
  readonly types?: readonly FieldType[] | undefined;
  /** Of `kept`. */
  readonly kept?: Pick<RuleContent, 'once' | 'until'> | undefined;
}

/** Kinds of fields that are offered: the periods of historical values together. */
export const KINDS: readonly { readonly label: string; readonly types: readonly FieldType[] }[] = [
  { label: 'Momentary', types: ['momentary'] },
  { label: 'Status', types: ['status'] },
  { label: 'Computed', types: ['computed'] },
  { label: 'Peak', types: ['peak'] },
  { label: 'Identity', types: ['identity'] },
  { label: 'Historical', types: HISTORICAL_FIELD_TYPES },
];

const DAY_MS = 86_400_000;

/** The choice as the provisioning server knows it. */
export function contentOf({ isAllowed, duration, names, types, kept }: Choice, now: Date): RuleContent {
  return {
    isAllowed,
    // What is denied is denied as a whole.
    ...(isAllowed ? { names, types } : {}),
    ...(duration === 'once' ? { once: true } : {}),
    ...(duration === 'day' ? { until: new Date(now.getTime() + DAY_MS) } : {}),
    ...(duration === 'kept' ? kept : {}),
  };
}

/** What a rule says now, to begin with. */
export function choiceOf({ isAllowed, names, types, once, until }: AccessRule): Choice {
  const isKept = once === true || until !== undefined;
  return { isAllowed, names, types, duration: isKept ? 'kept' : 'always', kept: isKept ? { once, until } : undefined };
}

const VERBS = { friend: 'be a friend of', read: 'read', control: 'control' } as const;

/** What is wanted, as the middle of a sentence. */
export function verbOf({ kind }: Pick<AccessRule, 'kind'>): string {
  return VERBS[kind];
}

/** The Thing, as people call it. */
export function thingOf({ jid, node }: Pick<AccessRule, 'jid' | 'node'>): string {
  return node ? `${node.nodeId} of ${jid}` : jid.toString();
}

/** Whom a rule is for. */
export function subjectText({ scope, subject }: Pick<AccessRule, 'scope' | 'subject'>): string {
  if (scope === 'anyone') return 'Anyone';
  if (scope === 'domain') return `Everybody at ${subject}`;
  return scope === 'requester' ? subject : `Who shows the ${scope} token ${subject}`;
}

/** What of the Thing a rule is about; undefined: all of it. */
export function partText({ names, types }: Pick<AccessRule, 'names' | 'types'>): string | undefined {
  const kinds = KINDS.filter((kind) => types && kind.types.every((type) => types.includes(type))).map(
    ({ label }) => label,
  );
  const parts = [...(names ? [names.join(', ')] : []), ...(kinds.length > 0 ? [kinds.join(', ')] : [])];
  return parts.length === 0 ? undefined : parts.join(' · ');
}

/** For whom an answer can be: of the tokens only those that came. */
export function scopesOf(
  question: AccessQuestionToOwner,
): readonly { readonly scope: RuleScope; readonly label: string }[] {
  const { requester, serviceToken, deviceToken, userToken } = question;
  const isOne = (tokens: string | undefined) => tokens !== undefined && !tokens.includes(' ');
  return [
    { scope: 'requester', label: requester.toString() },
    { scope: 'domain', label: `Everybody at ${requester.domain}` },
    { scope: 'anyone', label: 'Anyone' },
    ...(isOne(userToken) ? [{ scope: 'user', label: 'Who shows this user token' } as const] : []),
    ...(isOne(deviceToken) ? [{ scope: 'device', label: 'Who shows this device token' } as const] : []),
    ...(isOne(serviceToken) ? [{ scope: 'service', label: 'Who shows this service token' } as const] : []),
  ];
}
