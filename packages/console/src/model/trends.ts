import { batch, computed, type ReadonlySignal, signal } from '@preact/signals-core';
import { type NodeReference, nodeKey, type Series } from '@thingward/things';
import { type Jid, StanzaError } from '@thingward/xmpp';
import type { Connection } from './connection.ts';
import { explain } from './explain.ts';
import { type FieldReading, fieldKey } from './field-key.ts';
import type { LiveSamples } from './live-samples.ts';
import { groupForPlots, type PlotGroup } from './plot-groups.ts';
import { Poller } from './poller.ts';
import { composeTrend, historyTrend, type TrendPoint } from './trend.ts';
import { bucketSeconds, MAX_TREND_POINTS, TREND_RANGES, type TrendRange } from './trend-range.ts';

/** What was stored is asked for anew this often, so that what could not be read live is filled in. */
const REFRESH_MS = 60_000;
/** How much the clock of a device may be ahead of ours. */
const CLOCK_TOLERANCE_SECONDS = 5;

export type HistoryStatus =
  | { readonly kind: 'loading' }
  | { readonly kind: 'loaded' }
  | { readonly kind: 'failed'; readonly problem: string };

/** What is read live, and what stored series belong to it. */
export interface TrendSource {
  /** Bare JID whose history it is; undefined: nothing of it is stored. */
  readonly thing: Jid | undefined;
  /** By their keys. */
  readonly fields: ReadonlySignal<ReadonlyMap<string, FieldReading>>;
  samplesOf(key: string): LiveSamples | undefined;
  /** The field that a stored series is of; undefined: none. When not given, the one of its node and name. */
  keyOfSeries?(node: NodeReference | undefined, series: Series): string | undefined;
}

/** What the plots of a Thing show: its history, continued by what is read live. */
export class Trends {
  readonly #connection: Connection;
  readonly #source: TrendSource;
  readonly #poller: Poller;
  readonly #range = signal<TrendRange>(TREND_RANGES[0]);
  readonly #status = signal<HistoryStatus>({ kind: 'loading' });
  /** By field key, for the range shown. */
  readonly #history = signal<ReadonlyMap<string, readonly TrendPoint[]>>(new Map());
  /** The same for the shortest range, whatever is shown. */
  readonly #recent = signal<ReadonlyMap<string, readonly TrendPoint[]>>(new Map());

  /** Which plots there are; a new value only when they change. */
  readonly groups: ReadonlySignal<readonly PlotGroup[]>;

  /** @param isActive are we online, and is anybody looking at the page? */
  constructor(connection: Connection, source: TrendSource, isActive: ReadonlySignal<boolean>) {
    this.#connection = connection;
    this.#source = source;
    let groups: readonly PlotGroup[] = [];
    let id = '';
    this.groups = computed(() => {
      const next = groupForPlots(source.fields.value.values());
      const nextId = JSON.stringify(next);
      if (nextId !== id) {
        groups = next;
        id = nextId;
      }
      return groups;
    });
    const hasPlots = computed(() => this.groups.value.length > 0);
    this.#poller = new Poller({
      intervalMs: () => REFRESH_MS,
      maxBackoffMs: REFRESH_MS,
      gate: computed(() => isActive.value && hasPlots.value),
      run: (signal) => this.#load(signal),
      onError: (error) => {
        this.#status.value = { kind: 'failed', problem: explainHistory(error) };
      },
    });
  }

  get range(): ReadonlySignal<TrendRange> {
    return this.#range;
  }

  get status(): ReadonlySignal<HistoryStatus> {
    return this.#status;
  }

  start(): void {
    this.#poller.start();
  }

  stop(): void {
    this.#poller.stop();
  }

  show(range: TrendRange): void {
    if (range.id === this.#range.value.id) return;
    batch(() => {
      this.#range.value = range;
      this.#history.value = new Map();
      this.#status.value = { kind: 'loading' };
    });
    this.#poller.stop();
    this.#poller.start();
  }

  /** Points of a field up to now (ms since 1970), for the range shown. */
  pointsOf(key: string, now: number): TrendPoint[] {
    const range = this.#range.value;
    const to = now / 1000;
    const live = this.#source.samplesOf(key)?.samples ?? [];
    const from = to - range.spanMs / 1000;
    const span = { from, to: to + CLOCK_TOLERANCE_SECONDS, bucket: bucketSeconds(range) };
    return composeTrend(this.#history.value.get(key) ?? [], live, span);
  }

  /** Points of a field of the last seconds up to now (ms since 1970), whatever range is shown. */
  recentPointsOf(key: string, now: number, seconds: number): TrendPoint[] {
    const live = this.#source.samplesOf(key)?.samples ?? [];
    const to = now / 1000;
    const span = { from: to - seconds, to: to + CLOCK_TOLERANCE_SECONDS, bucket: bucketSeconds(TREND_RANGES[0]) };
    return composeTrend(this.#recent.value.get(key) ?? [], live, span);
  }

  async #load(signal: AbortSignal): Promise<void> {
    const range = this.#range.peek();
    const to = new Date();
    const from = new Date(to.getTime() - range.spanMs);
    const history = new Map<string, readonly TrendPoint[]>();
    const { thing } = this.#source;
    const ofThing = thing ? [...this.#nodes()].map((node) => ({ thing, node })) : [];
    for (const target of ofThing) {
      const { node } = target;
      const query = { ...target, names: [], from, to, maxPoints: MAX_TREND_POINTS };
      const { series } = await this.#connection.history(query, signal);
      for (const one of series) {
        const key = this.#source.keyOfSeries ? this.#source.keyOfSeries(node, one) : fieldKey({ node, name: one.name });
        if (key !== undefined && !history.has(key)) history.set(key, historyTrend(one.points));
      }
    }
    if (range.id !== this.#range.peek().id) return;
    batch(() => {
      this.#history.value = history;
      if (range.id === TREND_RANGES[0].id) this.#recent.value = history;
      this.#status.value = { kind: 'loaded' };
    });
  }

  /** The Things behind the JID that have fields. */
  #nodes(): Iterable<NodeReference | undefined> {
    const nodes = new Map<string, NodeReference | undefined>();
    for (const { field } of this.#source.fields.peek().values()) nodes.set(nodeKey(field.node), field.node);
    return nodes.values();
  }
}

function explainHistory(error: unknown): string {
  if (error instanceof StanzaError && error.condition === 'forbidden')
    return 'The history does not know you as a reader yet.';
  return explain(error);
}
