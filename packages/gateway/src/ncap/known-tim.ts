import type { TimClient } from '@thingward/ieee1451/tim';
import type { NodeReference } from '@thingward/things';
import type { TimDescription } from './tim-description.ts';
import type { TimSession } from './tim-session.ts';
import type { NcapChannel, NcapTim } from './transducer-services.ts';

/** A TIM that has joined once. What it said of itself is known when it is gone, too. */
export class KnownTim implements NcapTim {
  readonly id: string;
  readonly node: NodeReference;
  readonly #nodeOf: (channel?: number) => NodeReference;
  #channels: readonly NcapChannel[] = [];
  #description: TimDescription | undefined;
  #session: TimSession | undefined;
  #client: TimClient | undefined;

  constructor(id: string, nodeOf: (channel?: number) => NodeReference) {
    this.id = id;
    this.node = nodeOf();
    this.#nodeOf = nodeOf;
  }

  get name(): string {
    return this.#description?.name ?? this.id;
  }

  get isPresent(): boolean {
    return this.#session !== undefined;
  }

  get channels(): readonly NcapChannel[] {
    return this.#channels;
  }

  get description(): TimDescription | undefined {
    return this.#description;
  }

  /** While it is there. */
  get session(): TimSession | undefined {
    return this.#session;
  }

  get client(): TimClient | undefined {
    return this.#client;
  }

  joined(session: TimSession, client: TimClient): void {
    this.#session = session;
    this.#client = client;
    this.#description = session.description;
    this.#channels = session.description.channels.map(({ number, name, kind }) => ({
      number,
      name,
      kind,
      node: this.#nodeOf(number),
    }));
  }

  left(): void {
    this.#session = undefined;
    this.#client = undefined;
  }
}
