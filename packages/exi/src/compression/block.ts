import type { EventType } from '../grammar/event.ts';
import type { Name } from '../string-table/name.ts';
import type { ValueCodec } from '../values/codec.ts';
import { SMALL_CHANNEL } from './deflate.ts';

/** An event whose value may come later. */
export interface BlockRecord {
  readonly event: EventType;
  readonly name: Name | undefined;
  readonly prefix: string | undefined;
  value: string;
  readonly namespace: string;
  readonly isElementPrefix: boolean;
  readonly details: readonly string[];
}

interface Channel {
  readonly name: Name;
  readonly codecs: ValueCodec[];
  readonly records: BlockRecord[];
}

export interface AwaitedValue {
  readonly record: BlockRecord;
  readonly name: Name;
  readonly codec: ValueCodec;
}

/** A block of a reordered document being read: first its structure, then its values by name, then both together. @see EXI 1.0 §9 */
export class Block {
  state: 'structure' | 'values' | 'replay' = 'structure';
  /** Must its first stream still be opened? It need not when the rest of the document takes no bits. */
  isUnopened = true;
  /** Did the event at hand add itself, since its value comes later? */
  isValue = false;
  valueCount = 0;
  readonly records: BlockRecord[] = [];
  readonly #channels = new Map<Name, Channel>();
  /** In the order of their values. */
  #order: readonly Channel[] = [];
  #channel = 0;
  #value = 0;
  /** Channel that a stream was begun for. */
  #streamOf = -1;
  #replayed = 0;

  add(record: BlockRecord, name: Name, codec: ValueCodec): void {
    this.isValue = true;
    this.valueCount++;
    this.records.push(record);
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      channel = { name, codecs: [], records: [] };
      this.#channels.set(name, channel);
    }
    channel.codecs.push(codec);
    channel.records.push(record);
  }

  /** All events are there. @see EXI 1.0 §9.3 */
  endStructure(): void {
    this.state = 'values';
    const channels = [...this.#channels.values()];
    this.#order =
      this.valueCount <= SMALL_CHANNEL
        ? channels
        : [...channels.filter((channel) => !isLarge(channel)), ...channels.filter(isLarge)];
  }

  /** Does the next value begin a compressed stream, in a block with more than a hundred? Small channels share one. */
  get startsStream(): boolean {
    const channel = this.#order[this.#channel];
    if (channel === undefined || this.#value > 0 || this.#streamOf === this.#channel) return false;
    return this.#channel === 0 || isLarge(channel);
  }

  startedStream(): void {
    this.#streamOf = this.#channel;
  }

  nextValue(): AwaitedValue | undefined {
    const channel = this.#order[this.#channel];
    if (channel === undefined) return undefined;
    const record = channel.records[this.#value] as BlockRecord;
    return { record, name: channel.name, codec: channel.codecs[this.#value] as ValueCodec };
  }

  gotValue(): void {
    if (++this.#value < (this.#order[this.#channel] as Channel).records.length) return;
    this.#channel++;
    this.#value = 0;
  }

  startReplay(): void {
    this.state = 'replay';
  }

  /** The next event, with its value; undefined behind the last. */
  replay(): BlockRecord | undefined {
    return this.records[this.#replayed++];
  }

  clear(): void {
    this.state = 'structure';
    this.isUnopened = true;
    this.isValue = false;
    this.valueCount = this.#channel = this.#value = this.#replayed = 0;
    this.#streamOf = -1;
    this.records.length = 0;
    this.#channels.clear();
    this.#order = [];
  }
}

function isLarge({ records }: Channel): boolean {
  return records.length > SMALL_CHANNEL;
}
