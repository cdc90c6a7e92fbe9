import { randomUUID } from 'node:crypto';
import {
  type AddressedReading,
  encodeReading,
  encodeStop,
  type Streaming,
  type StreamRequest,
} from '@thingward/ieee1451/mcap';
import { pause } from '@thingward/things';
import { type Element, xml } from '@thingward/xml';
import { type Jid, PeerError, StanzaError, type XmppPeer } from '@thingward/xmpp';
import type { Tasks } from '../tasks.ts';
import type { McapLimits } from './limits.ts';

/** Reads a channel on behalf of somebody. @throws StanzaError */
export type ReadForSomebody = (
  requester: Jid,
  request: StreamRequest,
  signal: AbortSignal,
) => Promise<AddressedReading>;

/** Errors that may pass; after others a stream is over. */
const PASSING: ReadonlySet<string> = new Set(['remote-server-timeout', 'recipient-unavailable', 'resource-constraint']);

interface OpenStream {
  readonly requester: Jid;
  readonly ending: AbortController;
}

/**
 * Readings of channels, again and again. Each is asked for like a single one, so that who may no longer read gets no more; the next is
 * asked for when the one before has been answered.
 */
export class Streams {
  readonly #peer: XmppPeer;
  readonly #limits: McapLimits;
  readonly #tasks: Tasks;
  readonly #read: ReadForSomebody;
  readonly #now: () => number;
  readonly #streams = new Map<string, OpenStream>();

  constructor(peer: XmppPeer, limits: McapLimits, tasks: Tasks, read: ReadForSomebody, now: () => number) {
    this.#peer = peer;
    this.#limits = limits;
    this.#tasks = tasks;
    this.#read = read;
    this.#now = now;
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Begins a stream, once its first reading has been had. @throws StanzaError */
  async open(requester: Jid, request: StreamRequest): Promise<Streaming> {
    this.#checkRoom(requester);
    const id = randomUUID();
    const until = new Date(this.#now() + this.#limits.streamMs);
    const ending = new AbortController();
    this.#streams.set(id, { requester, ending });
    try {
      const first = await this.#read(requester, request, ending.signal);
      this.#tasks.start(async (stopping) => {
        const signal = AbortSignal.any([stopping, ending.signal]);
        try {
          this.#tell(requester, encodeReading({ ...first, stream: id }));
          await this.#go(id, requester, request, until, signal);
        } finally {
          this.#streams.delete(id);
        }
      });
    } catch (error) {
      this.#streams.delete(id);
      throw error;
    }
    return { id, until };
  }

  /** @throws StanzaError `item-not-found` for a stream that is none of the requester's */
  close(requester: Jid, id: string): void {
    const stream = this.#streams.get(id);
    if (!stream?.requester.bare.equals(requester.bare))
      throw new StanzaError('item-not-found', 'there is no such stream');
    this.#end(id, stream);
  }

  /** Somebody is not there any more. */
  closeAllOf(requester: Jid): void {
    for (const [id, stream] of this.#streams) {
      const { requester: whose } = stream;
      if (requester.isFull ? whose.equals(requester) : whose.bare.equals(requester)) this.#end(id, stream);
    }
  }

  closeAll(): void {
    for (const [id, stream] of this.#streams) this.#end(id, stream);
  }

  async #go(id: string, requester: Jid, request: StreamRequest, until: Date, signal: AbortSignal): Promise<void> {
    const intervalMs = Math.max(request.interval, this.#limits.streamIntervalMs);
    for (;;) {
      await pause(intervalMs, signal);
      if (signal.aborted) return;
      if (this.#now() >= until.getTime()) {
        this.#tell(requester, encodeStop({ stream: id, reason: 'its time is over' }));
        return;
      }
      try {
        const reading = await this.#read(requester, request, signal);
        if (!signal.aborted) this.#tell(requester, encodeReading({ ...reading, stream: id }));
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof StanzaError)) throw error;
        if (PASSING.has(error.condition)) continue;
        this.#tell(requester, encodeStop({ stream: id, reason: error.message }));
        return;
      }
    }
  }

  #end(id: string, { ending }: OpenStream): void {
    this.#streams.delete(id);
    ending.abort(new Error('the stream was stopped'));
  }

  #checkRoom(requester: Jid): void {
    const own = [...this.#streams.values()].filter(({ requester: whose }) => whose.bare.equals(requester.bare));
    if (own.length >= this.#limits.streamsPerJid || this.#streams.size >= this.#limits.streams) {
      throw new StanzaError('resource-constraint', 'there are too many streams: stop one first');
    }
  }

  #tell(to: Jid, payload: Element): void {
    try {
      this.#peer.send(xml('message', { to: to.toString(), type: 'headline' }, payload));
    } catch (error) {
      // It is missed like any while there is no connection.
      if (!(error instanceof PeerError)) throw error;
    }
  }
}
