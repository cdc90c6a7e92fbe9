import {
  BROADCAST_UNIT,
  decodeRequest,
  decodeResponsePacket,
  encodeException,
  encodeRequestPacket,
  encodeResponse,
  isAnswerTo,
  isWrite,
  ModbusError,
  type ModbusRequest,
} from '@thingward/modbus';
import type { Jid, Logger, Roster, XmppPeer } from '@thingward/xmpp';
import type { UnitRanges } from '../unit-ranges.ts';
import { EXCEPTION, exceptionFor } from './failure.ts';

/** Where the requests for some units go. */
export interface IngressRoute {
  readonly units: UnitRanges;
  /** The account of the adapter at the devices. */
  readonly to: Jid;
  /** Which of its lines; undefined: the one that has the unit. */
  readonly line?: string | undefined;
}

export interface ModbusIngressOptions {
  readonly peer: XmppPeer;
  readonly roster: Roster;
  readonly routes: readonly IngressRoute[];
  /** How long a master waits for an answer, the way included. */
  readonly timeoutMs: number;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** A request as the master sent it. */
export interface MasterRequest {
  readonly unit: number;
  readonly transactionId?: number | undefined;
  readonly pdu: Uint8Array;
}

export interface IngressCounts {
  readonly answered: number;
  /** Answered with an exception that is none of the device's. */
  readonly failed: number;
}

/**
 * The end of a transversion where the master is: its requests leave as XML, the answers return to it as the bytes they were. What fails
 * on the way is an exception that the master understands; a write whose answer is lost is never sent again.
 */
export class ModbusIngress {
  readonly #options: ModbusIngressOptions;
  readonly #now: () => number;
  readonly #counts = { answered: 0, failed: 0 };

  constructor(options: ModbusIngressOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  get counts(): IngressCounts {
    return { ...this.#counts };
  }

  /** Is there a way to the unit? */
  hasRoute(unit: number): boolean {
    return this.#route(unit) !== undefined;
  }

  /** @returns the answer's PDU; undefined when nobody answers, as to what was sent to all units */
  async carry({ unit, transactionId, pdu }: MasterRequest): Promise<Uint8Array | undefined> {
    let request: ModbusRequest;
    try {
      request = decodeRequest(pdu);
    } catch (error) {
      if (!(error instanceof ModbusError)) throw error;
      const isOverflow = error.code === 'address-overflow';
      return this.#fail(pdu, isOverflow ? EXCEPTION.illegalDataAddress : EXCEPTION.illegalDataValue);
    }
    const route = this.#route(unit);
    const to = route && this.#options.roster.fullJidOf(route.to);
    if (!route || !to) return this.#fail(pdu, EXCEPTION.pathUnavailable);
    try {
      return await this.#ask(to, route, unit, transactionId, request, pdu);
    } catch (error) {
      return this.#failed(error, { unit, request, pdu, to });
    }
  }

  async #ask(
    to: Jid,
    { line }: IngressRoute,
    unit: number,
    transaction: number | undefined,
    request: ModbusRequest,
    pdu: Uint8Array,
  ): Promise<Uint8Array | undefined> {
    const { peer, timeoutMs } = this.#options;
    const writes = isWrite(request);
    const expires = writes ? new Date(this.#now() + timeoutMs) : undefined;
    const packet = encodeRequestPacket({ unit, transaction, line, expires, request });
    const answer = await peer.request(writes ? 'set' : 'get', to, packet, { timeoutMs });
    if (!answer) throw new ModbusError('malformed-xml', 'the answer is empty');
    const { unit: answering, response } = decodeResponsePacket(answer);
    if (answering !== unit) throw new ModbusError('malformed-xml', `unit ${answering} answers for unit ${unit}`);
    if (response === undefined) {
      if (unit !== BROADCAST_UNIT) throw new ModbusError('malformed-xml', 'only unit 0 is all units');
      return undefined;
    }
    if (!isAnswerTo(request, response, pdu[0] as number)) {
      throw new ModbusError('malformed-xml', 'the answer is not to this request');
    }
    this.#counts.answered++;
    return encodeResponse(response);
  }

  #route(unit: number): IngressRoute | undefined {
    return this.#options.routes.find(({ units }) => units.has(unit));
  }

  #failed(
    error: unknown,
    { unit, request, pdu, to }: { unit: number; request: ModbusRequest; pdu: Uint8Array; to: Jid },
  ): Uint8Array {
    const { exceptionCode, isOutcomeUnknown } = exceptionFor(error, isWrite(request));
    const details = { unit, to: to.bare.toString(), function: request.kind, reason: (error as Error).message };
    if (isOutcomeUnknown) {
      this.#options.log.error(details, 'the answer to a write was lost: whether it was written is not known');
    } else {
      this.#options.log.debug(details, 'a request failed');
    }
    return this.#fail(pdu, exceptionCode);
  }

  #fail(pdu: Uint8Array, exceptionCode: number): Uint8Array {
    this.#counts.failed++;
    return encodeException(pdu, exceptionCode);
  }
}
