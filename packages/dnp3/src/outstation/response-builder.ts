import type { ObjectItem } from '../fields.ts';
import type { ObjectHeader } from '../object-header.ts';
import { objectType } from '../objects.ts';
import type { PointEvent } from './event-buffer.ts';
import { heldState, POINT_TYPES, type PointState, variationFor } from './point.ts';

/** The objects of one fragment of a response. */
export interface ResponsePart {
  readonly objects: readonly ObjectHeader[];
  readonly events: ReadonlySet<PointEvent>;
}

interface Run {
  readonly group: number;
  readonly variation: number;
  readonly isIndexed: boolean;
  readonly items: ObjectItem[];
}

const APPLICATION_HEADER = 4;
const MOST_HEADER_OCTETS = 7;
const COMMON_TIME = 51;
const MAX_RELATIVE = 0xffff;

/** Gathers objects for a response, in as many fragments as they need. */
export class ResponseBuilder {
  readonly #maxOctets: number;
  readonly #isSynchronised: boolean;
  readonly #parts: ResponsePart[] = [];
  #runs: Run[] = [];
  #events = new Set<PointEvent>();
  #octets = APPLICATION_HEADER;
  /** Of the fragment, where relative times are used. */
  #commonTime: number | undefined;

  /** @param maxOctets of a fragment. @param isSynchronised what is said of times that others are relative to */
  constructor(maxOctets: number, isSynchronised: boolean) {
    this.#maxOctets = maxOctets;
    this.#isSynchronised = isSynchronised;
  }

  /** Adds how a point is. */
  addStatic(group: number, variation: number, index: number, state: PointState): void {
    this.#add(group, variation, false, itemOf(index, heldState(group, variation, state)));
  }

  /** Adds an event. @param asked the variation that is asked for; 0: none is */
  addEvent(event: PointEvent, asked: number): void {
    const { kind, index, state } = event;
    const variation = variationFor(kind, asked === 0 ? event.variation : asked, state);
    const { eventGroup: group } = POINT_TYPES[kind];
    const isRelative = (group === 2 || group === 4) && variation === 3;
    const item = itemOf(index, heldState(group, variation, state));
    if (isRelative) {
      this.#makeRoom(sizeOf(group, variation, true) + 2 * MOST_HEADER_OCTETS + 6);
      const offset = this.#commonTime === undefined ? -1 : state.time - this.#commonTime;
      if (offset < 0 || offset > MAX_RELATIVE) {
        this.#commonTime = state.time;
        this.#runs.push({
          group: COMMON_TIME,
          variation: this.#isSynchronised ? 1 : 2,
          isIndexed: false,
          items: [{ time: state.time }],
        });
        this.#octets += MOST_HEADER_OCTETS + 6;
      }
    }
    const relativeTime = isRelative ? state.time - (this.#commonTime as number) : undefined;
    this.#add(group, variation, true, { ...item, ...(relativeTime === undefined ? {} : { relativeTime }) });
    this.#events.add(event);
  }

  /** Adds objects as they are. */
  addHeader(header: ObjectHeader): void {
    const { group, variation, items } = header;
    this.#makeRoom(MOST_HEADER_OCTETS + items.length * sizeOf(group, variation, false));
    this.#runs.push({ group, variation, isIndexed: false, items: [...items] });
    this.#octets += MOST_HEADER_OCTETS + items.length * sizeOf(group, variation, false);
  }

  /** One part for each fragment; one at least. */
  finish(): readonly ResponsePart[] {
    if (this.#runs.length > 0 || this.#parts.length === 0) this.#endPart();
    return this.#parts;
  }

  #add(group: number, variation: number, isIndexed: boolean, item: ObjectItem): void {
    const size = sizeOf(group, variation, isIndexed);
    const continues = (run: Run | undefined) =>
      run !== undefined &&
      run.group === group &&
      run.variation === variation &&
      run.isIndexed === isIndexed &&
      (isIndexed || run.items.at(-1)?.index === (item.index as number) - 1);
    const last = this.#runs.at(-1);
    if (last && continues(last) && this.#octets + size <= this.#maxOctets) {
      last.items.push(item);
      this.#octets += size;
      return;
    }
    this.#makeRoom(size + MOST_HEADER_OCTETS);
    this.#runs.push({ group, variation, isIndexed, items: [item] });
    this.#octets += size + MOST_HEADER_OCTETS;
  }

  #makeRoom(octets: number): void {
    if (this.#octets + octets > this.#maxOctets && this.#runs.length > 0) this.#endPart();
  }

  #endPart(): void {
    this.#parts.push({ objects: this.#runs.map(headerOf), events: this.#events });
    this.#runs = [];
    this.#events = new Set();
    this.#octets = APPLICATION_HEADER;
    this.#commonTime = undefined;
  }
}

function itemOf(index: number, { value, octets, flags, time }: PointState): ObjectItem {
  return octets ? { index, octets } : { index, value, flags, time };
}

/** Octets of one object, with its index. */
function sizeOf(group: number, variation: number, isIndexed: boolean): number {
  const layout = objectType(group, variation)?.layout;
  const size =
    layout?.kind === 'fields' || layout?.kind === 'octets'
      ? layout.size
      : layout?.kind === 'bits'
        ? layout.width / 8
        : 0;
  return size + (isIndexed ? 2 : 0);
}

function headerOf({ group, variation, isIndexed, items }: Run): ObjectHeader {
  const base = { group, variation, items };
  const [first] = items;
  if (first?.index === undefined) return { ...base, prefix: 'none', range: 'count-8', count: items.length };
  const isSmall = items.length <= 0xff && items.every(({ index = 0 }) => index <= 0xff);
  if (isIndexed) {
    return isSmall
      ? { ...base, prefix: 'index-8', range: 'count-8', count: items.length }
      : { ...base, prefix: 'index-16', range: 'count-16', count: items.length };
  }
  const stop = items.at(-1)?.index ?? first.index;
  return { ...base, prefix: 'none', range: isSmall ? 'start-stop-8' : 'start-stop-16', start: first.index, stop };
}
