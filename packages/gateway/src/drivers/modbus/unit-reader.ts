import {
  decodeBit,
  decodeRegisters,
  isBitTable,
  type ModbusClient,
  ModbusError,
  ModbusException,
  type ModbusRequest,
  type ModbusResponse,
  type PointValue,
  planReads,
  pointLength,
  type ReadPlan,
  splitPlan,
} from '@thingward/modbus';
import { CircuitBreaker } from '../circuit-breaker.ts';
import type { ModbusConfig, Point } from './config.ts';

const ILLEGAL_DATA_ADDRESS = 2;
/** A Modbus gateway answers for a unit that does not. @see MODBUS Application Protocol V1.1b3 §7 */
const GATEWAY_EXCEPTIONS: ReadonlySet<number> = new Set([10, 11]);

/** A value as it was read; undefined where the device says it has none. */
export interface Reading {
  readonly point: Point;
  readonly value: PointValue | undefined;
  readonly timestamp: Date;
}

/** What came of reading some points. */
export interface UnitReadings {
  readonly readings: readonly Reading[];
  /** The unit answered, but would not give all of them. */
  readonly refusal?: ModbusException;
}

/** Reads the points of one unit with the fewest requests, and leaves the unit alone for a while when it does not answer. */
export class UnitReader {
  readonly #client: ModbusClient;
  readonly #config: ModbusConfig;
  readonly #clock: () => Date;
  readonly #breaker = new CircuitBreaker();
  /** Plans by the points they read; a plan the device refused is replaced by its parts. */
  readonly #plans = new WeakMap<readonly Point[], ReadPlan<Point>[]>();
  /** ms, of the clock that never goes back */
  #lastAnswer: number | undefined;

  constructor(client: ModbusClient, config: ModbusConfig, clock: () => Date) {
    this.#client = client;
    this.#config = config;
    this.#clock = clock;
  }

  /** One register the unit refuses costs no other. @throws ModbusError, ModbusException when the unit does not answer */
  async read(points: readonly Point[], signal?: AbortSignal): Promise<UnitReadings> {
    let plans = this.#plans.get(points);
    if (!plans) {
      plans = planReads(points, this.#config);
      this.#plans.set(points, plans);
    }
    const readings = new Map<Point, Reading>();
    let refusal: ModbusException | undefined;
    for (const plan of [...plans]) {
      const result = await this.#readPlan(plan, plans, signal);
      for (const reading of result.readings) readings.set(reading.point, reading);
      refusal ??= result.refusal;
    }
    // In the order of the register map, which is the order people want to see.
    const inOrder = points.flatMap((point) => readings.get(point) ?? []);
    return { readings: inOrder, ...(refusal ? { refusal } : {}) };
  }

  /** Sends a request to the unit, counting whether it answers. @throws ModbusError, ModbusException */
  async request(request: ModbusRequest, signal?: AbortSignal): Promise<ModbusResponse> {
    const { unit, timeoutMs } = this.#config;
    if (this.#breaker.remainingMs > 0) {
      const seconds = Math.ceil(this.#breaker.remainingMs / 1000);
      throw new ModbusError('no-answer', `unit ${unit} did not answer; it is tried again in ${seconds} s`);
    }
    try {
      const response = await this.#client.request(unit, request, { signal, timeoutMs });
      this.#answered();
      return response;
    } catch (error) {
      if (isSilence(error)) this.#breaker.failed();
      else if (error instanceof ModbusException) this.#answered();
      throw error;
    }
  }

  /** Why the unit can't be read and when it last could, for people. */
  explain(error: unknown): string {
    const { host, port, unit } = this.#config;
    const reason = (error as Error).message.replace(`${host}:${port}: `, '');
    const since =
      this.#lastAnswer === undefined
        ? 'it has not answered yet'
        : `last answer ${Math.round((performance.now() - this.#lastAnswer) / 1000)} s ago`;
    return `Modbus unit ${unit} at ${host}:${port} can't be read: ${reason}; ${since}`;
  }

  /** That the unit can be read again, for people. */
  recovered(): string {
    const { host, port, unit } = this.#config;
    return `Modbus unit ${unit} at ${host}:${port} can be read again`;
  }

  #answered(): void {
    this.#breaker.succeeded();
    this.#lastAnswer = performance.now();
  }

  async #readPlan(plan: ReadPlan<Point>, plans: ReadPlan<Point>[], signal?: AbortSignal): Promise<UnitReadings> {
    try {
      const response = await this.request(readRequest(plan), signal);
      return { readings: decode(plan, response, this.#clock()) };
    } catch (error) {
      if (!(error instanceof ModbusException) || isSilence(error)) throw error;
      const parts = splitPlan(plan);
      if (error.exceptionCode !== ILLEGAL_DATA_ADDRESS || parts.length === 1) return { readings: [], refusal: error };
      // The device has no registers in the gap between two points: from now on they are read apart.
      const at = plans.indexOf(plan);
      // Another read-out under way may have found out first.
      if (at !== -1) plans.splice(at, 1, ...parts);
      const readings: Reading[] = [];
      let refusal: ModbusException | undefined;
      for (const part of parts) {
        const result = await this.#readPlan(part, plans, signal);
        readings.push(...result.readings);
        refusal ??= result.refusal;
      }
      return { readings, ...(refusal ? { refusal } : {}) };
    }
  }
}

/** Did the unit itself stay silent? */
function isSilence(error: unknown): boolean {
  if (error instanceof ModbusException) return GATEWAY_EXCEPTIONS.has(error.exceptionCode);
  return error instanceof ModbusError && (error.code === 'no-answer' || error.code === 'outcome-unknown');
}

function readRequest({ table, address, quantity }: ReadPlan<Point>) {
  const kind = {
    coil: 'read-coils',
    'discrete-input': 'read-discrete-inputs',
    'input-register': 'read-input-registers',
    'holding-register': 'read-holding-registers',
  } as const;
  return { kind: kind[table], address, quantity };
}

function decode(plan: ReadPlan<Point>, response: ModbusResponse, timestamp: Date): readonly Reading[] {
  const values = 'values' in response ? response.values : [];
  if (values.length < plan.quantity)
    throw new ModbusError('malformed-pdu', 'the answer has fewer values than were asked for');
  return plan.points.map((point) => {
    const slice = values.slice(point.address - plan.address, point.address - plan.address + pointLength(point));
    return readingOf(point, slice, timestamp);
  });
}

/** A point's value from what its coils or registers hold. */
export function readingOf(point: Point, held: readonly (boolean | number)[], timestamp: Date): Reading {
  const value = isBitTable(point.table) ? decodeBit(held[0] === true) : decodeRegisters(point, held as number[]);
  return { point, value, timestamp };
}
