import { randomUUID } from 'node:crypto';
import { MQTT_DISCOVERY, MQTT_ROOT, mqttTopic, type PayloadEncoding } from '@thingward/ieee1451';
import { pause } from '@thingward/things';
import { type Jid, type Logger, servePing, type Unsubscribe } from '@thingward/xmpp';
import type { AccountConnection } from '../../account-connection.ts';
import { McapAgent } from '../mcap-agent.ts';
import { MqttNcap } from './mqtt-ncap.ts';
import { NetworkLink, type ReceivedMessage } from './network-link.ts';

/** NCAPs that one bridge speaks for; as many as an MCAP takes of one JID. */
const MAX_NCAPS = 100;
/** Rounds in which an NCAP may be silent. */
const MAX_SILENCES = 2;

/** A connection to a broker. */
export interface Broker {
  publish(topic: string, payload: Uint8Array): void;
  /** @param onMessage told of each message below the filter, after each connection anew */
  subscribe(filter: string, onMessage: (topic: string, payload: Uint8Array) => void): void;
  onConnect(handler: () => void): void;
  close(): Promise<void>;
}

export interface MqttBridgeOptions {
  readonly peer: AccountConnection;
  readonly broker: Broker;
  readonly mcap: Jid;
  readonly appId?: string | undefined;
  /** Places below the root where NCAPs are asked for. */
  readonly places: readonly string[];
  /** Of what is sent before an NCAP has shown how it writes. */
  readonly encoding: PayloadEncoding;
  readonly readers: readonly Jid[];
  readonly timeoutMs: number;
  readonly refreshMs: number;
  readonly log: Logger;
}

/**
 * Shows NCAPs that speak 1451.1.6 on a broker in the tree of an MCAP, where those that the configuration names may read them and their
 * TEDS. Whoever may publish on the broker can be an NCAP: it is the broker that says who may.
 */
export class MqttBridge {
  readonly #options: MqttBridgeOptions;
  readonly #link: NetworkLink;
  readonly #agent: McapAgent;
  readonly #ncaps = new Map<string, MqttNcap>();
  readonly #silences = new Map<string, number>();
  readonly #stopping = new AbortController();
  readonly #refreshing = new Map<string, Promise<void>>();
  #stopPing: Unsubscribe | undefined;
  #asking: Promise<void> | undefined;

  constructor(options: MqttBridgeOptions) {
    const { peer, mcap, broker, appId = randomUUID(), timeoutMs, readers, log } = options;
    this.#options = options;
    this.#link = new NetworkLink((topic, payload) => broker.publish(topic, payload), appId, timeoutMs);
    const isReader = (jid: Jid) => readers.some((reader) => reader.bare.equals(jid.bare));
    this.#agent = new McapAgent({
      peer,
      mcap,
      ncap: { id: appId, name: 'MQTT bridge' },
      transducers: [],
      things: [],
      protocol: '1451.1.6',
      access: {
        readers: async () => readers,
        mayRead: async (requester) => isReader(requester),
        // Nothing can be set, for nobody knows how.
        mayControl: async () => false,
        mayWrite: async () => false,
        onChange: () => () => undefined,
      },
      history: undefined,
      log,
    });
  }

  /** NCAPs that are there. */
  get ncaps(): readonly MqttNcap[] {
    return [...this.#ncaps.values()];
  }

  start(): void {
    const { broker, peer } = this.#options;
    this.#stopPing = servePing(peer);
    this.#agent.start();
    broker.subscribe(`${MQTT_ROOT}/${MQTT_DISCOVERY}/#`, (topic, payload) => {
      const received = this.#link.received(topic, payload);
      if (received) this.#heard(received);
    });
    broker.onConnect(() => this.#discover());
    this.#asking = this.#ask();
    peer.start();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the bridge stops'));
    await Promise.all([this.#asking, ...this.#refreshing.values()]);
    await this.#agent.stop();
    this.#stopPing?.();
    await this.#options.broker.close();
    await this.#options.peer.stop();
  }

  async #ask(): Promise<void> {
    const { refreshMs } = this.#options;
    const { signal } = this.#stopping;
    for (;;) {
      await pause(refreshMs, signal);
      if (signal.aborted) return;
      this.#discover();
      for (const ncap of this.#ncaps.values()) this.#refresh(ncap);
    }
  }

  /** NCAPs answer where they are. */
  #discover(): void {
    const { places, encoding } = this.#options;
    for (const place of [[], ...places.map((text) => text.split('/'))]) {
      this.#link.send(mqttTopic(...place), encoding, 'ncap-discovery', {});
    }
  }

  #heard({ service, message, topic, encoding }: ReceivedMessage): void {
    const { ncapId: id, name = '' } = message.body;
    if (typeof id !== 'string') return;
    const known = this.#ncaps.get(id);
    if (service === 'ncap-discovery' || service === 'ncap-announcement') {
      if (known || this.#ncaps.size >= MAX_NCAPS) return;
      const ncap = new MqttNcap({ id, name: String(name) || id, topic, encoding, link: this.#link });
      this.#ncaps.set(id, ncap);
      this.#refresh(ncap);
    } else if (service === 'ncap-departure' || service === 'ncap-abandonment') {
      // Only where it speaks itself.
      if (known?.topic === topic) this.#forget(known, 'it left');
    } else if (known && /^(tim|channel)-(announcement|departure)$/.test(service)) this.#refresh(known);
  }

  #refresh(ncap: MqttNcap): void {
    if (this.#refreshing.has(ncap.id) || this.#stopping.signal.aborted) return;
    const refreshing = this.#refreshNow(ncap).finally(() => this.#refreshing.delete(ncap.id));
    this.#refreshing.set(ncap.id, refreshing);
  }

  async #refreshNow(ncap: MqttNcap): Promise<void> {
    const { log } = this.#options;
    const { signal } = this.#stopping;
    try {
      await ncap.refresh(signal);
      this.#silences.delete(ncap.id);
      if (this.#ncaps.get(ncap.id) === ncap) this.#agent.add(ncap);
    } catch (error) {
      if (signal.aborted) return;
      const silences = (this.#silences.get(ncap.id) ?? 0) + 1;
      this.#silences.set(ncap.id, silences);
      const details = { ncap: ncap.name, topic: ncap.topic, reason: (error as Error).message };
      log.warn(details, 'an NCAP on the broker can’t be asked');
      if (silences >= MAX_SILENCES) this.#forget(ncap, 'it does not answer');
    }
  }

  #forget(ncap: MqttNcap, reason: string): void {
    this.#options.log.info({ ncap: ncap.name, topic: ncap.topic, reason }, 'an NCAP on the broker is gone');
    this.#ncaps.delete(ncap.id);
    this.#silences.delete(ncap.id);
    this.#agent.remove(ncap);
  }
}
