import {
  BROADCAST_ADDRESSES,
  type CarriedPacket,
  DNP3_NAMESPACE,
  Dnp3Error,
  decodeCarriedReport,
  decodeCarriedResponse,
  encodeCarriedRequest,
  FUNCTIONS,
  isAnswered,
  isObserving,
  nameOf,
  type Packet,
} from '@thingward/dnp3';
import type { Element } from '@thingward/xml';
import type { Jid, Logger, Received, Roster, Unsubscribe, XmppPeer } from '@thingward/xmpp';
import type { UnitRanges } from '../unit-ranges.ts';
import { answerInPlace, failureFor } from './failure.ts';

/** Where the requests for some outstations go. */
export interface Dnp3Route {
  readonly outstations: UnitRanges;
  /** The account of the adapter at the outstations. */
  readonly to: Jid;
  /** Which of its lines; undefined: the one that has the outstation. */
  readonly line?: string | undefined;
}

export interface Dnp3IngressOptions {
  readonly peer: XmppPeer;
  readonly roster: Roster;
  readonly routes: readonly Dnp3Route[];
  /** How long an answer may take, the way included. */
  readonly timeoutMs: number;
  readonly log: Logger;
  /** Takes what an outstation says unasked. @returns whether its master is there */
  readonly onReport: (packet: CarriedPacket) => boolean;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface Dnp3IngressCounts {
  readonly answered: number;
  /** Answered in place of the outstation, or not at all. */
  readonly failed: number;
}

/**
 * The end of a transversion where the master is: its packets leave as XML, those of its outstations return to it as the bytes they were.
 * A command whose answer is lost is never sent again, nor answered.
 */
export class Dnp3Ingress {
  readonly #options: Dnp3IngressOptions;
  readonly #now: () => number;
  readonly #counts = { answered: 0, failed: 0 };
  #stop: Unsubscribe | undefined;

  constructor(options: Dnp3IngressOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  get counts(): Dnp3IngressCounts {
    return { ...this.#counts };
  }

  start(): void {
    const { peer } = this.#options;
    this.#stop = peer.onMessage({ name: 'report', namespace: DNP3_NAMESPACE }, (received, payload) =>
      this.#report(received, payload),
    );
  }

  stop(): void {
    this.#stop?.();
  }

  /** Is there a way to the outstation? */
  hasRoute(outstation: number): boolean {
    return this.#route(outstation) !== undefined;
  }

  /** Is the adapter at the outstation there now? */
  isReachable(outstation: number): boolean {
    const route = this.#route(outstation);
    return route !== undefined && this.#options.roster.fullJidOf(route.to) !== undefined;
  }

  /** @returns what the master is answered; undefined when it is nothing */
  async carry(packet: CarriedPacket): Promise<Packet | undefined> {
    const route = this.#route(packet.destination);
    if (!route) return undefined;
    const to = this.#options.roster.fullJidOf(route.to);
    if (!to) {
      this.#counts.failed++;
      return answerInPlace(packet, 'not-done');
    }
    try {
      return await this.#ask(to, route, packet);
    } catch (error) {
      return this.#failed(error, packet, to);
    }
  }

  async #ask(to: Jid, { line }: Dnp3Route, packet: CarriedPacket): Promise<Packet | undefined> {
    const { peer, timeoutMs } = this.#options;
    const code = packet.fragment.function;
    const observes = isObserving(code);
    const expires = observes ? undefined : new Date(this.#now() + timeoutMs);
    const request = encodeCarriedRequest({ packet, line, expires });
    const answer = await peer.request(observes ? 'get' : 'set', to, request, { timeoutMs });
    if (!answer) throw new Dnp3Error('malformed-xml', 'the answer is empty');
    const response = decodeCarriedResponse(answer);
    if (!response) {
      if (isAnswered(code) && !BROADCAST_ADDRESSES.has(packet.destination)) {
        throw new Dnp3Error('malformed-xml', 'the answer holds no packet');
      }
      return undefined;
    }
    if (response.source !== packet.destination || response.destination !== packet.source) {
      throw new Dnp3Error('malformed-xml', `${response.source} answers ${response.destination}`);
    }
    this.#counts.answered++;
    return response;
  }

  #report({ from }: Received, payload: Element): void {
    const { onReport, log } = this.#options;
    let packet: CarriedPacket;
    try {
      packet = decodeCarriedReport(payload);
    } catch (error) {
      if (!(error instanceof Dnp3Error)) throw error;
      log.warn({ from: from.toString(), reason: error.message }, 'what was reported is no packet');
      return;
    }
    const route = this.#route(packet.source);
    // Nobody else speaks for the outstation.
    if (!route?.to.bare.equals(from.bare)) return;
    if (!onReport(packet)) log.debug({ outstation: packet.source }, 'a report came while its master was not there');
  }

  #route(outstation: number): Dnp3Route | undefined {
    return this.#options.routes.find(({ outstations }) => outstations.has(outstation));
  }

  #failed(error: unknown, packet: CarriedPacket, to: Jid): Packet | undefined {
    const failure = failureFor(error);
    const { destination, fragment } = packet;
    const details = {
      outstation: destination,
      to: to.bare.toString(),
      function: nameOf(FUNCTIONS, fragment.function),
      reason: (error as Error).message,
    };
    this.#counts.failed++;
    if (failure === 'unknown' && !isObserving(fragment.function)) {
      this.#options.log.error(details, 'the answer to a command was lost: whether it was done is not known');
    } else {
      this.#options.log.debug(details, 'a request failed');
    }
    return answerInPlace(packet, failure);
  }
}
