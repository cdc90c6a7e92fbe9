import { encodeLoggedEvent, type LoggedEvent, pause } from '@thingward/things';
import { xml } from '@thingward/xml';
import { type Jid, type Logger, StanzaError, type XmppPeer } from '@thingward/xmpp';
import { PUBSUB, PUBSUB_OWNER } from '../pubsub/namespaces.ts';

const MAX_WAITING = 1000;
const TIMEOUT_MS = 10_000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

export interface EventPublisherOptions {
  readonly peer: XmppPeer;
  readonly service: Jid;
  readonly node: string;
  /** May subscribe to the node, and nobody else. */
  readonly readers: readonly Jid[];
  readonly log: Logger;
}

/**
 * Publishes events one after the other to a node that it makes itself. What waits is bounded: when too much does, the oldest is left
 * out, since the log has it anyway.
 * @see XEP-0337 §7.3.2, XEP-0060 §7.1
 */
export class EventPublisher {
  readonly #options: EventPublisherOptions;
  readonly #waiting: LoggedEvent[] = [];
  readonly #ended = new AbortController();
  #isNodeReady = false;
  #leftOut = 0;
  #running: Promise<void> | undefined;

  constructor(options: EventPublisherOptions) {
    this.#options = options;
  }

  /** Events that were left out, since the start. */
  get leftOut(): number {
    return this.#leftOut;
  }

  offer(events: readonly LoggedEvent[]): void {
    this.#waiting.push(...events);
    const excess = Math.max(0, this.#waiting.length - MAX_WAITING);
    this.#waiting.splice(0, excess);
    this.#leftOut += excess;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  async stop(): Promise<void> {
    this.#ended.abort(new Error('the log of events stops'));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#ended;
    for (let failures = 0; this.#waiting.length > 0 && !signal.aborted; ) {
      try {
        if (!this.#isNodeReady) await this.#makeNode();
        this.#isNodeReady = true;
        const [event] = this.#waiting as [LoggedEvent];
        await this.#publish(event);
        this.#waiting.shift();
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof StanzaError && error.condition === 'item-not-found') this.#isNodeReady = false;
        const level = failures === 0 ? 'warn' : 'debug';
        this.#options.log[level](
          { reason: (error as Error).message, node: this.#options.node },
          'events are not published',
        );
        await pause(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures++, 10)), signal);
      }
    }
  }

  async #publish(event: LoggedEvent): Promise<void> {
    const item = xml('item', {}, encodeLoggedEvent(event));
    await this.#request('set', xml('pubsub', { xmlns: PUBSUB }, xml('publish', { node: this.#options.node }, item)));
  }

  /** Only readers may see it. A node that is there already is taken as somebody has configured it. */
  async #makeNode(): Promise<void> {
    const { node, readers } = this.#options;
    const field = (name: string, value: string) => xml('field', { var: name }, xml('value', {}, value));
    const form = xml(
      'x',
      { xmlns: 'jabber:x:data', type: 'submit' },
      field('FORM_TYPE', 'http://jabber.org/protocol/pubsub#node_config'),
      field('pubsub#access_model', 'whitelist'),
    );
    try {
      await this.#request('set', xml('pubsub', { xmlns: PUBSUB }, xml('create', { node }), xml('configure', {}, form)));
    } catch (error) {
      if (error instanceof StanzaError && error.condition === 'conflict') return;
      throw error;
    }
    if (readers.length === 0) return;
    const members = readers.map((jid) => xml('affiliation', { jid: jid.bare.toString(), affiliation: 'member' }));
    await this.#request('set', xml('pubsub', { xmlns: PUBSUB_OWNER }, xml('affiliations', { node }, members)));
  }

  #request(type: 'set', payload: ReturnType<typeof xml>) {
    const { peer, service } = this.#options;
    return peer.request(type, service, payload, { timeoutMs: TIMEOUT_MS, signal: this.#ended.signal });
  }
}
