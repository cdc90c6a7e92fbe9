import type { EventEmitter } from 'node:events';
import { Ieee1451Error } from '@thingward/ieee1451';
import {
  allDocuments,
  contentDigest,
  type DocumentEntry,
  type NodeReference,
  putDocument,
  removeDocument,
  TEDS_OCTETS,
  tedsDocumentName,
} from '@thingward/things';
import { type Jid, type Logger, PeerError, StanzaError, type Unsubscribe, type XmppPeer } from '@thingward/xmpp';
import { isAbsent } from '../informed-services.ts';
import type { NcapTim, TransducerEvents, TransducerServices } from '../ncap/transducer-services.ts';

/**
 * Access codes that are asked for, of a TIM and of each of its channels. Not the security TEDS: keys are for nobody.
 * @see IEEE 1451.0-2007 table 17
 */
const TIM_TEDS: readonly number[] = [1, 2, 10, 11, 12, 13, 14, 15, 17];
const CHANNEL_TEDS: readonly number[] = [3, 4, 5, 6, 7, 8, 9, 12, 14, 15];

const KIND = 'teds';

export interface TedsPublisherOptions {
  /** Signed in as the NCAP's account. */
  readonly peer: XmppPeer;
  readonly broker: Jid;
  readonly services: Pick<TransducerServices, 'tims' | 'readTeds'> & Pick<EventEmitter<TransducerEvents>, 'on' | 'off'>;
  readonly log: Logger;
  /** Wait after a failed attempt, doubled with each further one. 1,000 ms up to 60,000 when not given. */
  readonly backOffMs?: { readonly first: number; readonly max: number } | undefined;
}

/**
 * Puts the TEDS of TIMs to the service broker as they join, and what has changed alone: whoever may read the channels finds there what
 * their samples mean, also when the TIM is away. One TIM after the other; what can't be done now is done with the next connection.
 */
export class TedsPublisher {
  readonly #options: TedsPublisherOptions;
  readonly #stopping = new AbortController();
  /** Ids of TIMs that are to be published. */
  readonly #waiting = new Set<string>();
  #stops: Unsubscribe[] = [];
  #running: Promise<void> | undefined;
  #isToRun = false;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: TedsPublisherOptions) {
    this.#options = options;
  }

  start(): void {
    const { peer, services } = this.#options;
    const joined = ({ id }: NcapTim) => this.publish(id);
    services.on('joined', joined);
    this.#stops = [
      () => services.off('joined', joined),
      peer.onOnline((isResumed) => {
        if (!isResumed) for (const { id, isPresent } of services.tims) if (isPresent) this.#waiting.add(id);
        this.#run();
      }),
    ];
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the NCAP stops'));
    clearTimeout(this.#timer);
    for (const stop of this.#stops.splice(0)) stop();
    await this.#running;
  }

  /** The TEDS of a TIM may have changed. */
  publish(timId: string): void {
    this.#waiting.add(timId);
    this.#run();
  }

  #run(): void {
    this.#isToRun = true;
    this.#running ??= this.#runWhileAsked();
  }

  /** There may be a connection again while an attempt without one is about to end: then another follows. */
  async #runWhileAsked(): Promise<void> {
    try {
      while (this.#isToRun && !this.#stopping.signal.aborted) {
        this.#isToRun = false;
        await this.#publishWaiting();
      }
    } finally {
      // At once: who asks now must not find it running.
      this.#running = undefined;
    }
  }

  async #publishWaiting(): Promise<void> {
    for (const id of this.#waiting) {
      if (this.#stopping.signal.aborted) return;
      this.#waiting.delete(id);
      const tim = this.#options.services.tims.find((candidate) => candidate.id === id);
      if (!tim?.isPresent) continue;
      try {
        const changed = await this.#publishTim(tim);
        this.#failures = 0;
        if (changed > 0) this.#options.log.info({ tim: tim.name, changed }, 'the broker has the TEDS of a TIM');
      } catch (error) {
        if (!this.#goesOnAfter(error, tim)) return;
      }
    }
  }

  /** @returns whether to go on with the next one at once */
  #goesOnAfter(error: unknown, { id, name }: NcapTim): boolean {
    const { log, backOffMs = { first: 1000, max: 60_000 } } = this.#options;
    if (this.#stopping.signal.aborted) return false;
    if (error instanceof PeerError) {
      // The next connection goes on with it.
      this.#waiting.add(id);
      return false;
    }
    if (isAbsent(error)) {
      this.#waiting.clear();
      log.debug({ tim: name }, 'there is no service broker to keep TEDS');
      return false;
    }
    const reason = error instanceof Error ? error.message : String(error);
    if (!(error instanceof StanzaError && error.type === 'wait')) {
      const isKnown = error instanceof StanzaError || error instanceof Ieee1451Error;
      log[isKnown ? 'warn' : 'error']({ tim: name, reason }, 'the TEDS of a TIM could not be put to the broker');
      return true;
    }
    this.#waiting.add(id);
    const waitMs = Math.min(backOffMs.max, backOffMs.first * 2 ** Math.min(this.#failures++, 20));
    log[this.#failures === 1 ? 'warn' : 'debug']({ tim: name, reason, waitMs }, 'the broker takes no TEDS now');
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#run(), waitMs);
    return false;
  }

  /** @returns how many documents were put or removed */
  async #publishTim({ id, node, channels }: NcapTim): Promise<number> {
    let changed = await this.#publishOf(id, 0, node, TIM_TEDS);
    for (const channel of channels) changed += await this.#publishOf(id, channel.number, channel.node, CHANNEL_TEDS);
    return changed;
  }

  async #publishOf(tim: string, channel: number, node: NodeReference, codes: readonly number[]): Promise<number> {
    const { peer, broker, services } = this.#options;
    const { signal } = this.#stopping;
    const about = { thing: peer.jid.bare, node };
    const entries = await allDocuments(peer, broker, { ...about, kind: KIND }, { signal });
    const kept = new Map(entries.map((entry) => [entry.name, entry]));
    let changed = 0;
    for (const code of codes) {
      const name = tedsDocumentName(code);
      const octets = await services.readTeds(tim, channel, code, signal);
      const isChanged = octets
        ? await this.#put({ ...about, kind: KIND, name }, octets, kept.get(name))
        : await this.#removeOwn(kept.get(name));
      if (isChanged) changed++;
    }
    return changed;
  }

  async #put(
    reference: Pick<DocumentEntry, 'thing' | 'node' | 'kind' | 'name'>,
    octets: Uint8Array,
    kept: DocumentEntry | undefined,
  ): Promise<boolean> {
    const { peer, broker } = this.#options;
    const content = { form: 'octets', octets } as const;
    if (kept?.digest === (await contentDigest(content))) return false;
    await putDocument(
      peer,
      broker,
      { ...reference, mediaType: TEDS_OCTETS, content },
      { signal: this.#stopping.signal },
    );
    return true;
  }

  /** What the TIM has no more; what somebody else has put stays. */
  async #removeOwn(kept: DocumentEntry | undefined): Promise<boolean> {
    const { peer, broker } = this.#options;
    if (!kept?.by.equals(peer.jid.bare)) return false;
    const { thing, node, kind, name, digest } = kept;
    const document = { thing, node, kind, name, previous: digest };
    await removeDocument(peer, broker, document, { signal: this.#stopping.signal });
    return true;
  }
}
