import type { AddressRange } from './address-ranges.ts';
import type { BaselineConfig } from './baseline-config.ts';
import type { Profile } from './profile.ts';

/** What is known of an account at a Thing, in numbers and in words. */
export interface BaselineExplanation {
  readonly principal: string;
  readonly thing: string;
  readonly state: 'unknown' | 'learning' | 'known';
  readonly since?: string | undefined;
  readonly last?: string | undefined;
  readonly operations: number;
  /** Did it turn up when the Thing was known already? */
  readonly isNewcomer: boolean;
  readonly kinds: readonly {
    readonly kind: string;
    readonly count: number;
    readonly first: string;
    readonly last: string;
  }[];
  readonly addresses: readonly { readonly table: string; readonly ranges: readonly AddressRange[] }[];
  readonly changesPerMinute: { readonly usual: number; readonly limit: number; readonly now: number };
  readonly newPlacesPerMinute: { readonly limit: number; readonly now: number };
  readonly raised: readonly { readonly at: string; readonly signal: string; readonly about: string }[];
  /** For people: one sentence each. */
  readonly words: readonly string[];
}

export interface ExplanationFacts {
  readonly principal: string;
  readonly thing: string;
  readonly now: number;
  readonly config: BaselineConfig;
  readonly thingSince: number | undefined;
  readonly isLearning: boolean;
  readonly burstLimit: number;
}

const DAY_MS = 86_400_000;
const SHOWN = 20;

export function explainProfile(profile: Profile | undefined, facts: ExplanationFacts): BaselineExplanation {
  const { principal, thing, now, config, isLearning, burstLimit } = facts;
  const { scanPlaces } = config;
  if (!profile) {
    return {
      ...{ principal, thing, state: 'unknown', operations: 0, isNewcomer: false, kinds: [], addresses: [], raised: [] },
      changesPerMinute: { usual: 0, limit: burstLimit, now: 0 },
      newPlacesPerMinute: { limit: scanPlaces, now: 0 },
      words: unknownWords(facts),
    };
  }
  const kinds = [...profile.kinds]
    .sort(([, a], [, b]) => b.count - a.count)
    .map(([kind, { count, first, last }]) => ({ kind, count, first: iso(first), last: iso(last) }));
  const explanation = {
    principal,
    thing,
    state: isLearning ? ('learning' as const) : ('known' as const),
    since: iso(profile.since),
    last: iso(profile.last),
    operations: profile.operations,
    isNewcomer: profile.isNewcomer,
    kinds,
    addresses: [...profile.ranges].map(([table, ranges]) => ({ table, ranges })),
    changesPerMinute: {
      usual: Math.round(profile.peak(now) * 10) / 10,
      limit: burstLimit,
      now: profile.changesThisMinute(now),
    },
    newPlacesPerMinute: { limit: scanPlaces, now: profile.strangeThisMinute(now) },
    raised: profile.raised.map(({ at, signal, text }) => ({ at: iso(at), signal, about: text })),
  };
  return { ...explanation, words: wordsFor(explanation, facts, profile) };
}

function unknownWords({ principal, thing, thingSince, now, config }: ExplanationFacts): readonly string[] {
  const first = `${principal} has never done anything at ${thing} that was inspected, or it was forgotten.`;
  if (thingSince === undefined)
    return [first, `Nothing is known of ${thing} either: whatever it does will be learned.`];
  const isKnown = now - thingSince >= config.learnDays * DAY_MS;
  const then = isKnown
    ? 'so the first thing it does raises firstSeen, and so does each change it makes for the first time'
    : `and is learned until ${iso(thingSince + config.learnDays * DAY_MS)}`;
  return [first, `${thing} is known since ${iso(thingSince)}, ${then}.`];
}

function wordsFor(
  {
    principal,
    thing,
    operations,
    kinds,
    addresses,
    changesPerMinute,
    newPlacesPerMinute,
    raised,
  }: Omit<BaselineExplanation, 'words'>,
  { config, isLearning }: ExplanationFacts,
  profile: Profile,
): readonly string[] {
  const { learnDays, learnOperations, forgetDays, burstFactor, burstChanges } = config;
  const until = iso(profile.since + learnDays * DAY_MS);
  return [
    `${principal} has done ${operations} operations of ${kinds.length} kinds at ${thing} since ${iso(profile.since)}; the last was ${iso(profile.last)}.`,
    isLearning
      ? `It is being learned until ${until} and until there were ${learnOperations} operations: ${
          profile.isNewcomer
            ? 'as it turned up when the Thing was known already, changes it makes for the first time raise firstSeen all the same.'
            : 'nothing raises firstSeen before.'
        }`
      : 'It is known: whatever is not in the list below raises firstSeen when it is permitted or denied for the first time.',
    ...kinds
      .slice(0, SHOWN)
      .map(
        ({ kind, count, last }) =>
          `Usual: ${kind} (${count} times, last ${last}; forgotten ${forgetDays} days after that).`,
      ),
    ...(kinds.length > SHOWN ? [`Usual: ${kinds.length - SHOWN} more kinds.`] : []),
    ...addresses.map(
      ({ table, ranges }) =>
        `Usual addresses to ${table}: ${ranges.map(([first, last]) => (first === last ? first : `${first}-${last}`)).join(', ')}.`,
    ),
    `Changes: at most ${changesPerMinute.usual} in a minute so far (counts half after 14 days), ${changesPerMinute.now} in this one; more than ${changesPerMinute.limit} raise burst (${burstFactor} times what is usual, at least ${burstChanges}).`,
    `Places it has not touched before: ${newPlacesPerMinute.now} in this minute; ${newPlacesPerMinute.limit} raise scan.`,
    ...raised.map(({ at, signal, about }) => `Raised ${at}: ${signal}, about ${about}.`),
  ];
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
