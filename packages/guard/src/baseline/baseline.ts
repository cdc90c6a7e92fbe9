import type { Outcome } from '../guard-decision.ts';
import type { Operation, OperationFacts } from '../operation.ts';
import type { BaselineConfig } from './baseline-config.ts';
import { type BaselineExplanation, explainProfile } from './explanation.ts';
import { kindOf, type OperationKind } from './operation-kind.ts';
import { Profile, type StoredProfile } from './profile.ts';
import { Replays } from './replays.ts';
import { NOTHING_UNUSUAL, SIGNALS, type Signal, type SignalState, type Unusual } from './signal.ts';

const DAY_MS = 86_400_000;
/** Kinds of operations of all profiles together. */
const MAX_ALL_KINDS = 200_000;
const MAX_THINGS = 100_000;
/** The same is not raised again before. */
const QUIET_MS = 600_000;

/** A baseline as it is kept. */
export interface StoredBaseline {
  readonly things: readonly (readonly [jid: string, since: number])[];
  readonly profiles: readonly StoredProfile[];
}

/** What operations that are asked for together look like, before anything is decided. */
export interface Observation {
  /** What is unusual about one of them, for policies. Copies for other nodes count as the one they are of. */
  signals(facts: OperationFacts): SignalState;
}

interface Seen {
  readonly operation: Operation;
  readonly kind: OperationKind;
  readonly isStrange: boolean;
  readonly signals: SignalState;
}

interface Watched extends Observation {
  readonly seen: readonly Seen[];
  readonly replayKey: string | undefined;
  readonly replayedAt: number | undefined;
}

/**
 * Learns what each account usually does at each Thing, and tells what is not usual: something never done before, many places tried
 * one after the other, far more changes than ever, a request that was made before. Only what was permitted is learned.
 */
export class Baseline {
  readonly config: BaselineConfig;
  /** By principal and Thing, the one used last at the end. */
  readonly #profiles = new Map<string, Profile>();
  /** Since when Things are known. */
  readonly #things = new Map<string, number>();
  readonly #replays: Replays;
  readonly #learnMs: number;
  readonly #forgetMs: number;
  #kinds = 0;

  constructor(config: BaselineConfig) {
    this.config = config;
    this.#replays = new Replays(config.replaySeconds * 1000);
    this.#learnMs = config.learnDays * DAY_MS;
    this.#forgetMs = config.forgetDays * DAY_MS;
  }

  get size(): number {
    return this.#profiles.size;
  }

  /** Looks at operations of one requester. It changes nothing. */
  watch(operations: readonly Operation[], stanzaId: string | undefined, now: number): Observation {
    const replayKey = this.#replays.key(operations, stanzaId);
    const replayedAt = replayKey === undefined ? undefined : this.#replays.before(replayKey, now);
    const kinds = operations.map((operation) => kindOf(operation));
    const changes = kinds.filter(({ isChange }) => isChange).length;
    // One stanza may try many places.
    const strange = new Map<string, Set<string>>();
    const found = operations.map((operation, i): Seen => {
      const kind = kinds[i] as OperationKind;
      if (operation.resource.kind !== 'thing') return { operation, kind, isStrange: false, signals: NOTHING_UNUSUAL };
      const { jid } = operation.resource;
      const before = strange.get(jid) ?? new Set<string>();
      const one = this.#look(operation, kind, { changes, isReplay: replayedAt !== undefined, before }, now);
      if (one.isStrange) strange.set(jid, before.add(kind.place));
      return one;
    });
    const seen: Watched = {
      seen: found,
      replayKey,
      replayedAt,
      signals: (facts) => found.find(({ operation }) => operation.facts === facts)?.signals ?? NOTHING_UNUSUAL,
    };
    return seen;
  }

  /** Learns from what was decided. @returns what is unusual and was not raised just before */
  decided(observation: Observation, outcome: Outcome, now: number): readonly Unusual[] {
    const { seen, replayKey, replayedAt } = observation as Watched;
    const unusual: Unusual[] = [];
    for (const one of seen) {
      if (one.operation.resource.kind !== 'thing') continue;
      const profile = this.#profile(one.operation, now);
      for (const signal of SIGNALS) {
        if (!one.signals[signal]) continue;
        const text = this.#text(signal, one, profile, replayedAt, now);
        const before = profile.lastRaised(signal, text.key);
        if (before !== undefined && now - before >= 0 && now - before < QUIET_MS) continue;
        profile.noteRaised({ at: now, signal, text: text.key });
        unusual.push({ signal, principal: profile.principal, thing: profile.thing, text: text.full });
      }
      // What was denied teaches nothing; and what is far more than usual is not usual because it happened once.
      const most = Math.max(this.config.burstChanges, Math.floor(this.#burstLimit(profile, now) / 2));
      const tried = {
        changes: one.kind.isChange ? 1 : 0,
        isPermitted: outcome === 'permit',
        strange: one.isStrange ? one.kind.place : undefined,
      };
      profile.tried(now, tried, most, this.config.scanPlaces * 2);
      if (outcome === 'permit') this.#kinds += profile.learn(one.kind.text, now, one.kind.address);
    }
    if (replayKey !== undefined && outcome === 'permit') this.#replays.made(replayKey, now);
    this.#shrink();
    return unusual;
  }

  /** What is known of an account at a Thing, and what follows from it. @param thing bare JID */
  explain(principal: string, thing: string, now: number): BaselineExplanation {
    const profile = this.#profiles.get(keyOf(principal, thing));
    return explainProfile(profile, {
      ...{ principal, thing, now, config: this.config },
      thingSince: this.#things.get(thing),
      isLearning: profile !== undefined && this.#isLearning(profile, now),
      burstLimit: profile ? this.#burstLimit(profile, now) : this.config.burstChanges,
    });
  }

  stored(): StoredBaseline {
    return { things: [...this.#things], profiles: [...this.#profiles.values()].map((profile) => profile.stored()) };
  }

  /** Takes what was kept, in the place of what there is. */
  restore({ things, profiles }: StoredBaseline): void {
    this.#things.clear();
    this.#profiles.clear();
    this.#kinds = 0;
    for (const [jid, since] of things.slice(-MAX_THINGS)) this.#things.set(jid, since);
    for (const stored of profiles.slice(-this.config.maxProfiles)) {
      const profile = Profile.from(stored);
      this.#profiles.set(keyOf(profile.principal, profile.thing), profile);
      this.#kinds += profile.kinds.size;
    }
    this.#shrink();
  }

  /** @param together what else is in the same stanza: how many changes, and which places that are not known */
  #look(
    operation: Operation,
    kind: OperationKind,
    together: { readonly changes: number; readonly isReplay: boolean; readonly before: ReadonlySet<string> },
    now: number,
  ): Seen {
    const { changes, isReplay, before } = together;
    const { jid } = operation.resource;
    const profile = this.#profiles.get(keyOf(operation.principal.bare.toString(), jid));
    const isKnownKind = profile?.knows(kind.text, now, this.#forgetMs) ?? false;
    const isKnownPlace = kind.address
      ? (profile?.knowsRange(kind.address.table, kind.address.range) ?? false)
      : isKnownKind;
    const isNew = !isKnownKind || (kind.isChange && !isKnownPlace);
    const others = [...before, kind.place].filter((place) => !profile?.isStrangeThisMinute(place, now));
    const strange = (profile?.strangeThisMinute(now) ?? 0) + new Set(others).size;
    const doneChanges = profile?.changesThisMinute(now) ?? 0;
    const limit = profile ? this.#burstLimit(profile, now) : this.config.burstChanges;
    return {
      operation,
      kind,
      isStrange: !isKnownPlace,
      signals: {
        firstSeen: isNew && this.#isOfInterest(profile, jid, kind, now),
        scan: !isKnownPlace && strange >= this.config.scanPlaces,
        burst: kind.isChange && doneChanges + changes > limit,
        replay: isReplay && kind.isChange,
      },
    };
  }

  /** While it is learned what is usual, nothing is new; but for changes of who turned up when the Thing was known already. */
  #isOfInterest(profile: Profile | undefined, thing: string, { isChange }: OperationKind, now: number): boolean {
    if (!profile) return this.#isKnownThing(thing, now);
    if (!this.#isLearning(profile, now)) return true;
    return profile.isNewcomer && isChange;
  }

  #isKnownThing(thing: string, now: number): boolean {
    const since = this.#things.get(thing);
    return since !== undefined && now - since >= this.#learnMs;
  }

  #isLearning({ since, operations }: Profile, now: number): boolean {
    return now - since < this.#learnMs || operations < this.config.learnOperations;
  }

  #burstLimit(profile: Profile, now: number): number {
    return Math.max(this.config.burstChanges, Math.floor(this.config.burstFactor * profile.peak(now)));
  }

  #profile({ principal, resource: { jid } }: Operation, now: number): Profile {
    const who = principal.bare.toString();
    const key = keyOf(who, jid);
    const known = this.#profiles.get(key);
    const profile = known ?? new Profile(who, jid, now, this.#isKnownThing(jid, now));
    if (known) this.#profiles.delete(key);
    this.#profiles.set(key, profile);
    if (!this.#things.has(jid)) this.#things.set(jid, now);
    return profile;
  }

  #shrink(): void {
    for (const [key, { kinds }] of this.#profiles) {
      if (this.#profiles.size <= this.config.maxProfiles && this.#kinds <= MAX_ALL_KINDS) break;
      this.#profiles.delete(key);
      this.#kinds -= kinds.size;
    }
    for (const jid of this.#things.keys()) {
      if (this.#things.size <= MAX_THINGS) break;
      this.#things.delete(jid);
    }
  }

  /** @returns the same key for what is the same, and a text with numbers */
  #text(
    signal: Signal,
    { kind }: Seen,
    profile: Profile,
    replayedAt: number | undefined,
    now: number,
  ): { readonly key: string; readonly full: string } {
    const { principal, thing } = profile;
    const known = `known since ${day(profile.since)}, ${profile.operations} operations of ${profile.kinds.size} kinds`;
    switch (signal) {
      case 'firstSeen': {
        const where = kind.address ? ` ${rangeText(kind.address.range)}` : '';
        const what = `${kind.text}${where}`;
        const who = profile.operations === 0 ? `the first it does there at all` : known;
        return { key: what, full: `${principal} has never done this at ${thing} before: ${what} (${who})` };
      }
      case 'scan': {
        const places = profile.strangeThisMinute(now) + 1;
        return {
          key: 'places',
          full: `${principal} tries one place of ${thing} after the other: ${places} within a minute it has not touched before, the last ${kind.place} (${known})`,
        };
      }
      case 'burst': {
        const limit = this.#burstLimit(profile, now);
        return {
          key: 'changes',
          full: `${principal} changes ${thing} more often than ever: more than ${limit} times within a minute, usual are up to ${Math.ceil(profile.peak(now))} (${known})`,
        };
      }
      case 'replay':
        return {
          key: kind.text,
          full: `${principal} sends the very request again that it sent ${Math.round((now - (replayedAt ?? now)) / 1000)} s ago, with the same id: ${kind.text}`,
        };
    }
  }
}

function keyOf(principal: string, thing: string): string {
  return `${principal}\n${thing}`;
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function rangeText([first, last]: readonly [number, number]): string {
  return first === last ? `address ${first}` : `addresses ${first} to ${last}`;
}
