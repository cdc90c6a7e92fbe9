import { refusal } from '@thingward/guard';
import {
  BROADCAST_UNIT,
  decodeRequestPacket,
  encodeResponsePacket,
  functionCodeOf,
  isWrite,
  MODBUS_NAMESPACE,
  type ModbusClient,
  ModbusError,
  ModbusException,
  type ModbusRequest,
  type ModbusResponse,
  ModbusSerialClient,
  type RequestPacket,
} from '@thingward/modbus';
import type { Element } from '@thingward/xml';
import { type IqRequest, type Jid, type Logger, StanzaError, type Unsubscribe, type XmppPeer } from '@thingward/xmpp';
import type { PacketCheck } from '../../guard/gateway-guard.ts';
import { Arbiter } from '../arbiter.ts';
import { ClockOffsets } from '../clock-offsets.ts';
import { chosenLine, isRefusal, tellRefusal } from '../egress-request.ts';
import type { UnitRanges } from '../unit-ranges.ts';
import { EXCEPTION, expired, failureOf, refused } from './failure.ts';

/** A line with devices. */
export interface EgressLine {
  /** What requests name it by, where there are several. */
  readonly name: string;
  readonly units: UnitRanges;
  readonly client: ModbusClient;
  /** Requests the line takes at the same time. */
  readonly maxInFlight: number;
  readonly timeoutMs: number;
}

/** Who may send requests to the devices. */
export interface EgressMaster {
  readonly jid: Jid;
  /** May it write, too? */
  readonly writes: boolean;
}

export interface ModbusEgressOptions {
  readonly peer: XmppPeer;
  readonly lines: readonly EgressLine[];
  readonly masters: readonly EgressMaster[];
  /** Requests of one master that wait for one line; 100 when not given. */
  readonly maxWaiting?: number;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Decides about a request of a master that may send it as far as `masters` says. */
  readonly check?: PacketCheck<RequestPacket>;
  /** Told of each request that a device answered. */
  readonly onTransaction?: (line: EgressLine, unit: number, request: ModbusRequest, response: ModbusResponse) => void;
}

export interface EgressCounts {
  readonly answered: number;
  readonly refused: number;
  readonly failed: number;
}

const CLOCK_TIMEOUT_MS = 5000;

/**
 * The end of a transversion where the devices are: requests arrive as XML and go to the device as the bytes they were.
 * A write is sent at most once, and not after its time.
 */
export class ModbusEgress {
  readonly #options: ModbusEgressOptions;
  readonly #masters: ReadonlyMap<string, EgressMaster>;
  readonly #lines: readonly { readonly line: EgressLine; readonly arbiter: Arbiter }[];
  readonly #clocks: ClockOffsets;
  readonly #counts = { answered: 0, refused: 0, failed: 0 };
  #stops: Unsubscribe[] = [];

  constructor(options: ModbusEgressOptions) {
    this.#options = options;
    const { peer, lines, masters, maxWaiting = 100, now = Date.now } = options;
    this.#masters = new Map(masters.map((master) => [master.jid.bare.toString(), master]));
    this.#lines = lines.map((line) => ({ line, arbiter: new Arbiter(line.maxInFlight, maxWaiting) }));
    this.#clocks = new ClockOffsets(peer, now);
  }

  get counts(): EgressCounts {
    return { ...this.#counts };
  }

  start(): void {
    const { peer } = this.#options;
    const pattern = { name: 'request', namespace: MODBUS_NAMESPACE };
    this.#stops = [
      peer.onIq('get', pattern, (request) => this.#serve(request)),
      peer.onIq('set', pattern, (request) => this.#serve(request)),
    ];
  }

  stop(): void {
    for (const stop of this.#stops) stop();
    for (const { arbiter } of this.#lines) {
      arbiter.clear(new StanzaError('recipient-unavailable', 'the adapter stops'));
    }
  }

  async #serve(iq: IqRequest): Promise<Element> {
    try {
      const packet = this.#read(iq);
      const { line, arbiter } = chosenLine(this.#lines, packet.line, `unit ${packet.unit}`, ({ units }) =>
        units.has(packet.unit),
      );
      this.#authorize(iq.from, packet.request);
      const decision = await this.#options.check?.(packet, iq.from, iq.stanza);
      if (decision && decision.outcome !== 'permit') throw refusal(decision);
      const response = await arbiter.run(iq.from.bare.toString(), () => this.#carryOut(line, packet, iq.from));
      this.#counts.answered++;
      const { unit, transaction } = packet;
      return encodeResponsePacket({ unit, transaction, response });
    } catch (error) {
      const failure = failureOf(error);
      const isRefused = isRefusal(failure);
      this.#counts[isRefused ? 'refused' : 'failed']++;
      if (isRefused) tellRefusal(this.#options.log, iq, failure, iq.payload.elements[0]?.name ?? 'nothing');
      throw failure;
    }
  }

  /** @throws StanzaError, ModbusError */
  #read({ payload, type }: IqRequest): RequestPacket {
    const packet = decodeRequestPacket(payload);
    // Where it passes, what a get does is taken for harmless.
    if (type === 'get' && isWrite(packet.request)) {
      throw new StanzaError('bad-request', 'what may change something is sent as a set');
    }
    return packet;
  }

  #authorize(from: Jid, request: ModbusRequest): void {
    const master = this.#masters.get(from.bare.toString());
    if (!master) throw refused(`${from.bare} is no master of these devices`, EXCEPTION.illegalFunction);
    if (isWrite(request) && !master.writes) {
      throw refused(`${from.bare} may read only`, EXCEPTION.illegalFunction);
    }
  }

  async #carryOut(
    line: EgressLine,
    { unit, transaction, request, expires }: RequestPacket,
    from: Jid,
  ): Promise<ModbusResponse | undefined> {
    if (expires && (await this.#clocks.isOver(expires, from, CLOCK_TIMEOUT_MS))) throw expired();
    const { client, timeoutMs } = line;
    if (unit === BROADCAST_UNIT && client instanceof ModbusSerialClient) {
      await client.broadcast(request);
      return undefined;
    }
    try {
      const response = await client.request(unit, request, { timeoutMs, transactionId: transaction });
      this.#options.onTransaction?.(line, unit, request, response);
      return response;
    } catch (error) {
      // The device's own answer.
      if (error instanceof ModbusException) {
        return { kind: 'exception', functionCode: functionCodeOf(request), exceptionCode: error.exceptionCode };
      }
      if (!(error instanceof ModbusError)) throw error;
      this.#options.log.warn({ line: line.name, unit, master: from.toString() }, error.message);
      throw error;
    }
  }
}
