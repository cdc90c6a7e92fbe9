import { type AddressRange, covers, withRange } from './address-ranges.ts';

/** Something that is done: how often, and when. */
export interface KnownKind {
  count: number;
  /** Milliseconds since 1970. */
  readonly first: number;
  last: number;
}

/** What was raised about somebody at a Thing. */
export interface Raised {
  readonly at: number;
  readonly signal: string;
  readonly text: string;
}

/** A profile as it is kept. */
export interface StoredProfile {
  readonly principal: string;
  readonly thing: string;
  readonly since: number;
  readonly last: number;
  readonly isNewcomer: boolean;
  readonly operations: number;
  readonly peak: number;
  readonly peakAt: number;
  readonly kinds: readonly (readonly [kind: string, count: number, first: number, last: number])[];
  readonly ranges: readonly (readonly [table: string, ranges: readonly AddressRange[]])[];
  readonly raised: readonly Raised[];
}

/** Kinds of operations that are kept of one profile: those used last. */
export const MAX_KINDS = 512;
const MAX_TABLES = 32;
const MAX_RAISED = 10;
const MINUTE_MS = 60_000;
/** A peak that is not reached again counts half after so long. */
const PEAK_HALF_LIFE_DAYS = 14;
const DAY_MS = 86_400_000;

/** What one account usually does at one Thing, and what it does this minute. */
export class Profile {
  readonly principal: string;
  readonly thing: string;
  readonly since: number;
  /** Was the Thing known for longer than learning takes when this one turned up? */
  readonly isNewcomer: boolean;
  last: number;
  operations = 0;
  readonly kinds = new Map<string, KnownKind>();
  readonly ranges = new Map<string, readonly AddressRange[]>();
  raised: readonly Raised[] = [];
  #peak = 0;
  #peakAt: number;
  #minute = 0;
  #changes = 0;
  #permitted = 0;
  /** Places of this minute that were not known. */
  readonly #strange = new Set<string>();

  constructor(principal: string, thing: string, since: number, isNewcomer: boolean) {
    this.principal = principal;
    this.thing = thing;
    this.since = since;
    this.last = since;
    this.isNewcomer = isNewcomer;
    this.#peakAt = since;
  }

  static from(stored: StoredProfile): Profile {
    const { principal, thing, since, isNewcomer, last, operations, peak, peakAt, kinds, ranges, raised } = stored;
    const profile = new Profile(principal, thing, since, isNewcomer);
    profile.last = last;
    profile.operations = operations;
    profile.#peak = peak;
    profile.#peakAt = peakAt;
    for (const [kind, count, first, used] of kinds.slice(-MAX_KINDS))
      profile.kinds.set(kind, { count, first, last: used });
    for (const [table, known] of ranges.slice(0, MAX_TABLES)) profile.ranges.set(table, known);
    profile.raised = raised.slice(-MAX_RAISED);
    return profile;
  }

  stored(): StoredProfile {
    const { principal, thing, since, last, isNewcomer, operations, raised } = this;
    return {
      ...{ principal, thing, since, last, isNewcomer, operations, raised },
      peak: this.#peak,
      peakAt: this.#peakAt,
      kinds: [...this.kinds].map(([kind, known]) => [kind, known.count, known.first, known.last]),
      ranges: [...this.ranges],
    };
  }

  /** Changes in one minute that were the most, as far as they still count. */
  peak(now: number): number {
    const days = Math.max(0, Math.floor((now - this.#peakAt) / DAY_MS));
    return this.#peak * 0.5 ** (days / PEAK_HALF_LIFE_DAYS);
  }

  changesThisMinute(now: number): number {
    return Math.floor(now / MINUTE_MS) === this.#minute ? this.#changes : 0;
  }

  strangeThisMinute(now: number): number {
    return Math.floor(now / MINUTE_MS) === this.#minute ? this.#strange.size : 0;
  }

  isStrangeThisMinute(place: string, now: number): boolean {
    return Math.floor(now / MINUTE_MS) === this.#minute && this.#strange.has(place);
  }

  /** Is something like it known, and used not too long ago? */
  knows(kind: string, now: number, forgetMs: number): boolean {
    const known = this.kinds.get(kind);
    return known !== undefined && now - known.last < forgetMs;
  }

  knowsRange(table: string, range: AddressRange): boolean {
    return covers(this.ranges.get(table) ?? [], range);
  }

  /**
   * Counts what is tried in this minute. What a minute teaches counts from its end on, or a burst would be usual while it lasts.
   * @param most what one minute teaches at the most: how many changes @param mostStrange how many places are remembered
   */
  tried(
    now: number,
    {
      changes,
      isPermitted,
      strange,
    }: { readonly changes: number; readonly isPermitted: boolean; readonly strange: string | undefined },
    most: number,
    mostStrange: number,
  ): void {
    const minute = Math.floor(now / MINUTE_MS);
    if (minute !== this.#minute) {
      const learned = Math.min(this.#permitted, most);
      if (learned > 0 && learned >= this.peak(now)) {
        this.#peak = learned;
        this.#peakAt = this.#minute * MINUTE_MS;
      }
      this.#minute = minute;
      this.#changes = 0;
      this.#permitted = 0;
      this.#strange.clear();
    }
    this.#changes += changes;
    if (isPermitted) this.#permitted += changes;
    if (strange !== undefined && this.#strange.size < mostStrange) this.#strange.add(strange);
  }

  /** Takes something that was permitted for usual from now on. @returns by how many kinds it has grown */
  learn(
    kind: string,
    now: number,
    address: { readonly table: string; readonly range: AddressRange } | undefined,
  ): number {
    this.operations++;
    this.last = now;
    const before = this.kinds.size;
    const known = this.kinds.get(kind);
    if (known) {
      known.count++;
      known.last = now;
    } else this.kinds.set(kind, { count: 1, first: now, last: now });
    if (this.kinds.size > MAX_KINDS) {
      let oldest: string | undefined;
      let oldestAt = Number.POSITIVE_INFINITY;
      for (const [name, { last }] of this.kinds) if (last < oldestAt) [oldest, oldestAt] = [name, last];
      if (oldest !== undefined) this.kinds.delete(oldest);
    }
    if (address && !this.knowsRange(address.table, address.range)) {
      if (this.ranges.has(address.table) || this.ranges.size < MAX_TABLES) {
        this.ranges.set(address.table, withRange(this.ranges.get(address.table) ?? [], address.range));
      }
    }
    return this.kinds.size - before;
  }

  noteRaised(raised: Raised): void {
    this.raised = [...this.raised, raised].slice(-MAX_RAISED);
  }

  /** When it was raised last, as far as is remembered. */
  lastRaised(signal: string, text: string): number | undefined {
    return this.raised.findLast((one) => one.signal === signal && one.text === text)?.at;
  }
}
