import {
  type AccessDecision,
  DEFAULT_PUBLICATION,
  type Field,
  type FollowOptions,
  followPublication,
  MemoryPublicationQueue,
  type Publication,
  type PublishedNews,
  Publisher,
} from '@thingward/things';
import { Jid } from '@thingward/xmpp';
import { onTestFinished, vi } from 'vitest';
import { type PubSubActor, PubSubStage, SERVICE } from './pubsub-stage.ts';

export const METER = 'meter@denmark.lit';
export const NODE = { service: SERVICE, node: `sensordata/${METER}` };

/** A value that a meter has read, so many seconds after noon. */
export function reading(second: number, name = 'Power'): Field {
  return {
    name,
    value: { type: 'numeric', value: String(second), unit: 'W' },
    types: ['momentary'],
    qos: ['automaticReadout'],
    timestamp: new Date(Date.UTC(2026, 0, 1, 12, 0, second)),
  };
}

/** A meter that publishes at a real service, and people who may read it or not. */
export class PublicationStage {
  readonly pubsub: PubSubStage;
  readonly meter: PubSubActor;
  readonly queue = new MemoryPublicationQueue();
  readonly publisher: Publisher;
  /** What each may read, by bare JID. */
  readonly readers = new Map<string, AccessDecision>();
  readonly #stopping = new AbortController();

  private constructor(pubsub: PubSubStage, publication: Partial<Publication>) {
    this.pubsub = pubsub;
    this.meter = pubsub.actor(METER);
    this.publisher = new Publisher({
      peer: this.meter.peer,
      publication: { address: NODE, ...DEFAULT_PUBLICATION, ...publication },
      queue: this.queue,
      access: {
        readers: () => [...this.readers.keys()].map((jid) => Jid.parse(jid)),
        mayRead: (jid) => this.readers.get(jid.bare.toString()) ?? false,
      },
      backOffMs: { first: 5, max: 50 },
    });
  }

  /** @param prepare what happens at the service before the meter comes */
  static async open(
    publication: Partial<Publication> = {},
    readers: Record<string, AccessDecision> = {},
    options: Parameters<typeof PubSubStage.open>[0] = {},
    prepare?: (pubsub: PubSubStage) => Promise<unknown>,
  ): Promise<PublicationStage> {
    const stage = new PublicationStage(await PubSubStage.open(options), publication);
    await prepare?.(stage.pubsub);
    for (const [jid, decision] of Object.entries(readers)) stage.readers.set(jid, decision);
    const running = stage.publisher.run(stage.#stopping.signal);
    onTestFinished(async () => {
      stage.#stopping.abort();
      await running;
      await stage.pubsub.close();
    });
    return stage;
  }

  /** Publishes one item for each second, and waits until the service has them all. */
  async publishes(...seconds: readonly number[]): Promise<void> {
    for (const second of seconds) {
      const before = this.publisher.published;
      this.publisher.offer([reading(second)]);
      await vi.waitFor(() => {
        if (this.publisher.published === before) throw new Error('not published yet');
      });
    }
  }

  /** Who may read it is another thing now. */
  allows(jid: string, decision: AccessDecision): void {
    this.readers.set(jid, decision);
    this.publisher.accessChanged();
  }

  /** Somebody who follows the node: what comes to it, as values and what else there is. */
  follows(jid: string, options: FollowOptions = {}) {
    const seen: (string | PublishedNews)[] = [];
    const stopping = new AbortController();
    const ended = (async () => {
      const news = followPublication(this.pubsub.actor(jid).peer, NODE, {
        backOffMs: { first: 5, max: 50 },
        ...options,
        signal: stopping.signal,
      });
      for await (const one of news) {
        seen.push(one.kind === 'gap' ? one : one.fields.map(({ value }) => String(value.value)).join(' '));
      }
    })().catch((error: Error) => error);
    onTestFinished(async () => {
      stopping.abort();
      await ended;
    });
    return { seen, ended };
  }
}
