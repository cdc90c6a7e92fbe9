import {
  BROADCAST_ADDRESSES,
  type CarriedPacket,
  type CarriedRequest,
  CONFIRM,
  DNP3_NAMESPACE,
  type Dnp3Channel,
  Dnp3Error,
  decodeCarriedRequest,
  encodeCarriedReport,
  encodeCarriedResponse,
  isAnswered,
  isObserving,
  type LinkFrame,
} from '@thingward/dnp3';
import { refusal } from '@thingward/guard';
import type { Element } from '@thingward/xml';
import {
  type IqRequest,
  type Jid,
  type Logger,
  message,
  PeerError,
  StanzaError,
  type Unsubscribe,
  type XmppPeer,
} from '@thingward/xmpp';
import type { PacketCheck } from '../../guard/gateway-guard.ts';
import { Arbiter } from '../arbiter.ts';
import { ClockOffsets } from '../clock-offsets.ts';
import { chosenLine, isRefusal, tellRefusal } from '../egress-request.ts';
import type { UnitRanges } from '../unit-ranges.ts';
import { Exchange } from './exchange.ts';
import { expired, failureOf } from './failure.ts';

/** A connection with outstations. */
export interface OutstationLine {
  /** What requests name it by, where there are several. */
  readonly name: string;
  readonly outstations: UnitRanges;
  readonly channel: Dnp3Channel;
  /** Requests the line takes at the same time. */
  readonly maxInFlight: number;
  readonly timeoutMs: number;
  /** Do the outstations' data links confirm frames? */
  readonly linkConfirm: boolean;
}

/** Who may send requests to the outstations. */
export interface OutstationMaster {
  readonly jid: Jid;
  /** The address that the outstations know it by: nobody else speaks from it. */
  readonly address: number;
  /** May it change something, too? */
  readonly writes: boolean;
}

export interface Dnp3EgressOptions {
  readonly peer: XmppPeer;
  readonly lines: readonly OutstationLine[];
  readonly masters: readonly OutstationMaster[];
  /** Requests of one master that wait for one line; 100 when not given. */
  readonly maxWaiting?: number;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Decides about a request of a master that may send it as far as `masters` says. */
  readonly check?: PacketCheck<CarriedRequest>;
  /** Told of each packet that an outstation sends to a master. */
  readonly onPacket?: (line: OutstationLine, packet: CarriedPacket) => void;
}

export interface Dnp3EgressCounts {
  readonly answered: number;
  readonly refused: number;
  readonly failed: number;
  /** Packets that outstations sent beside the first ones of their answers. */
  readonly reported: number;
}

interface ServedLine {
  readonly line: OutstationLine;
  readonly arbiter: Arbiter;
  /** By master and outstation. */
  readonly exchanges: Map<string, Exchange>;
}

const CLOCK_TIMEOUT_MS = 5000;
/** Pairs of a master and an outstation on one line. */
const MAX_EXCHANGES = 10_000;

/**
 * The end of a transversion where the outstations are: packets of masters arrive as XML and go to them as the bytes they were; what
 * outstations say unasked goes to the master it is for. A command is sent at most once, and not after its time.
 */
export class Dnp3Egress {
  readonly #options: Dnp3EgressOptions;
  /** By the address that outstations know them by. */
  readonly #masters: ReadonlyMap<number, OutstationMaster>;
  readonly #lines: readonly ServedLine[];
  readonly #clocks: ClockOffsets;
  readonly #counts = { answered: 0, refused: 0, failed: 0, reported: 0 };
  #stops: Unsubscribe[] = [];

  constructor(options: Dnp3EgressOptions) {
    this.#options = options;
    const { peer, lines, masters, maxWaiting = 100, now = Date.now } = options;
    this.#masters = new Map(masters.map((master) => [master.address, master]));
    this.#lines = lines.map((line) => ({
      line,
      arbiter: new Arbiter(line.maxInFlight, maxWaiting),
      exchanges: new Map<string, Exchange>(),
    }));
    this.#clocks = new ClockOffsets(peer, now);
  }

  get counts(): Dnp3EgressCounts {
    return { ...this.#counts };
  }

  start(): void {
    const { peer } = this.#options;
    const pattern = { name: 'request', namespace: DNP3_NAMESPACE };
    this.#stops = [
      peer.onIq('get', pattern, (request) => this.#serve(request)),
      peer.onIq('set', pattern, (request) => this.#serve(request)),
      ...this.#lines.map((served) => this.#listen(served)),
    ];
  }

  stop(): void {
    for (const stop of this.#stops) stop();
    for (const { arbiter, exchanges } of this.#lines) {
      arbiter.clear(new StanzaError('recipient-unavailable', 'the adapter stops'));
      for (const exchange of exchanges.values()) exchange.disconnected(new Dnp3Error('closed', 'the adapter stops'));
    }
  }

  #listen(served: ServedLine): Unsubscribe {
    const { channel } = served.line;
    const take = (frame: LinkFrame) => this.#take(served, frame);
    const follow = (state: string) => {
      if (state === 'connected' || state === 'connecting') return;
      for (const exchange of served.exchanges.values()) exchange.disconnected(channel.notConnected());
    };
    channel.on('unclaimed', take);
    channel.on('state', follow);
    return () => {
      channel.off('unclaimed', take);
      channel.off('state', follow);
    };
  }

  /** A frame of an outstation, to one of the masters that are known. */
  #take(served: ServedLine, frame: LinkFrame): void {
    const { destination, source } = frame;
    if (!this.#masters.has(destination) || !served.line.outstations.has(source)) return;
    this.#exchange(served, destination, source)?.receive(frame);
  }

  async #serve(iq: IqRequest): Promise<Element> {
    try {
      const request = this.#read(iq);
      const { destination } = request.packet;
      const served = chosenLine(this.#lines, request.line, `outstation ${destination}`, ({ outstations }) =>
        outstations.has(destination),
      );
      this.#authorize(iq.from, request.packet);
      const decision = await this.#options.check?.(request, iq.from, iq.stanza);
      if (decision && decision.outcome !== 'permit') throw refusal(decision);
      const answer = await this.#carryOut(served, request, iq.from);
      this.#counts.answered++;
      return encodeCarriedResponse(answer);
    } catch (error) {
      const failure = failureOf(error);
      const isRefused = isRefusal(failure);
      this.#counts[isRefused ? 'refused' : 'failed']++;
      if (isRefused) tellRefusal(this.#options.log, iq, failure, functionIn(iq.payload));
      else this.#options.log.debug({ master: iq.from.toString(), reason: failure.text }, 'a request failed');
      throw failure;
    }
  }

  /** @throws StanzaError, Dnp3Error */
  #read({ payload, type }: IqRequest): CarriedRequest {
    const request = decodeCarriedRequest(payload);
    // Where it passes, what a get does is taken for harmless.
    if (type === 'get' && !isObserving(request.packet.fragment.function)) {
      throw new StanzaError('bad-request', 'what may change something is sent as a set');
    }
    return request;
  }

  #authorize(from: Jid, { source, fragment }: CarriedPacket): void {
    const bare = from.bare.toString();
    const own = [...this.#masters.values()].filter(({ jid }) => jid.bare.toString() === bare);
    if (own.length === 0) throw new StanzaError('forbidden', `${bare} is no master of these outstations`);
    const master = own.find(({ address }) => address === source);
    if (!master) throw new StanzaError('forbidden', `${bare} may not speak from the address ${source}`);
    if (!master.writes && !isObserving(fragment.function)) throw new StanzaError('forbidden', `${bare} may read only`);
  }

  async #carryOut(served: ServedLine, request: CarriedRequest, from: Jid): Promise<CarriedPacket | undefined> {
    const { packet } = request;
    const { destination, source, fragment } = packet;
    const exchange = this.#exchange(served, source, destination);
    if (!exchange) throw new StanzaError('resource-constraint', `${MAX_EXCHANGES} outstations are spoken to already`);
    const master = `${from.bare} ${source}`;
    // A confirmation belongs to the answer that is being given: it does not wait until that is over.
    if (fragment.function === CONFIRM) {
      await exchange.send(packet);
      return undefined;
    }
    const isWaitedFor = isAnswered(fragment.function) && !BROADCAST_ADDRESSES.has(destination);
    const isLatest = isWaitedFor ? exchange.begin() : () => true;
    const send = async (answered: (answer: CarriedPacket | undefined) => void): Promise<void> => {
      await served.line.channel.connected();
      await this.#checkTime(request, from);
      if (!isLatest()) throw expired('its master sent another request before it was sent to the outstation');
      if (!isWaitedFor) {
        await exchange.send(packet);
        answered(undefined);
        return;
      }
      const first = await exchange.ask(packet);
      answered(first);
      // The line is its master's until its answer is over.
      if (!first.fragment.control.final && isLatest()) await exchange.finish();
    };
    return new Promise((resolve, reject) => {
      const inTurn = async () => {
        // Things may have the outstations of this line, too.
        const release = await served.line.channel.turn();
        await send(resolve).finally(release);
      };
      served.arbiter.run(master, inTurn).catch(reject);
    });
  }

  async #checkTime({ expires }: CarriedRequest, from: Jid): Promise<void> {
    if (expires && (await this.#clocks.isOver(expires, from, CLOCK_TIMEOUT_MS))) throw expired();
  }

  #exchange({ line, exchanges }: ServedLine, master: number, outstation: number): Exchange | undefined {
    const key = `${master} ${outstation}`;
    const known = exchanges.get(key);
    if (known || exchanges.size >= MAX_EXCHANGES) return known;
    const { channel, timeoutMs, linkConfirm } = line;
    const exchange = new Exchange({
      channel,
      master,
      outstation,
      timeoutMs,
      linkConfirm,
      onPacket: (packet) => this.#options.onPacket?.(line, packet),
      onReport: (packet) => this.#report(packet),
      onDropped: (reason) =>
        this.#options.log.warn({ line: line.name, outstation, reason }, 'a packet was not carried'),
    });
    exchanges.set(key, exchange);
    return exchange;
  }

  /** To whichever of the master's adapters is there: its outstations repeat what is not confirmed. */
  #report(packet: CarriedPacket): void {
    const { peer, log } = this.#options;
    const master = this.#masters.get(packet.destination);
    if (!master) return;
    try {
      peer.send(message('headline', { to: master.jid.bare }, encodeCarriedReport(packet)));
      this.#counts.reported++;
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      log.debug({ outstation: packet.source, reason: error.message }, 'a report could not be sent');
    }
  }
}

/** The name of the function that a request asks for, as far as it says. */
function functionIn(request: Element): string {
  const [fragment] = request.elements[0]?.childrenNamed('fragment') ?? [];
  return fragment?.attribute('function') ?? 'nothing';
}
