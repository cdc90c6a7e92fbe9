import { FORMAT_ERROR, NO_SELECT, NOT_SUPPORTED, SUCCESS, TIMEOUT, TOO_MANY_OPERATIONS } from '../command-status.ts';
import { decodeControlCode } from '../control-code.ts';
import type { ObjectItem } from '../fields.ts';
import { OPERATE, SELECT } from '../function-codes.ts';
import type { Command } from '../master/index.ts';
import { encodeObjectHeader, type ObjectHeader } from '../object-header.ts';
import { OctetWriter } from '../octets.ts';

/** What is behind the outputs. Each method gives a command status: `SUCCESS`, or why not. */
export interface OutputHandler {
  /** Could this be done? */
  select(command: Command): number;
  operate(command: Command): number;
}

interface Selection {
  readonly octets: string;
  readonly sequence: number;
  /** ms, of the clock that never goes back */
  readonly until: number;
}

const GROUP_CONTROL = 12;
const GROUP_SETPOINT = 41;

/** Selects and operates outputs for one master. @see IEEE 1815-2012 §4.4.3 */
export class ControlRequests {
  readonly #handler: OutputHandler;
  readonly #selectTimeoutMs: number;
  readonly #maxCommands: number;
  readonly #now: () => number;
  #selection: Selection | undefined;

  /** @param now ms, never going back */
  constructor(handler: OutputHandler, selectTimeoutMs: number, maxCommands: number, now: () => number) {
    this.#handler = handler;
    this.#selectTimeoutMs = selectTimeoutMs;
    this.#maxCommands = maxCommands;
    this.#now = now;
  }

  /** Anything but an operate ends a selection. */
  forget(): void {
    this.#selection = undefined;
  }

  /**
   * Does what a select, operate or direct operate request says.
   * @returns the objects with their statuses; undefined when they are no commands
   */
  perform(
    functionCode: number,
    sequence: number,
    headers: readonly ObjectHeader[],
  ): readonly ObjectHeader[] | undefined {
    const isCommands = headers.every(({ group, variation, items }) => {
      const isKnown = (group === GROUP_CONTROL && variation === 1) || (group === GROUP_SETPOINT && variation >= 1);
      return isKnown && items.length > 0 && items.every(({ index }) => index !== undefined);
    });
    if (!isCommands || headers.length === 0) return undefined;
    const octets = String(encoded(headers, functionCode));
    const refusal = functionCode === OPERATE ? this.#notSelected(octets, sequence) : SUCCESS;
    this.forget();
    let done = 0;
    let isAllSelected = true;
    const answer = headers.map((header) => ({
      ...header,
      items: header.items.map((item): ObjectItem => {
        const status = refusal !== SUCCESS ? refusal : this.#one(functionCode, header, item, ++done);
        if (status !== SUCCESS) isAllSelected = false;
        return { ...item, status };
      }),
    }));
    if (functionCode === SELECT && isAllSelected) {
      this.#selection = { octets, sequence, until: this.#now() + this.#selectTimeoutMs };
    }
    return answer;
  }

  #one(functionCode: number, header: ObjectHeader, item: ObjectItem, count: number): number {
    if (count > this.#maxCommands) return TOO_MANY_OPERATIONS;
    const command = commandOf(header, item);
    if (!command) return FORMAT_ERROR;
    return functionCode === SELECT ? this.#handler.select(command) : this.#handler.operate(command);
  }

  #notSelected(octets: string, sequence: number): number {
    const selection = this.#selection;
    if (!selection || selection.octets !== octets || sequence !== ((selection.sequence + 1) & 0x0f)) return NO_SELECT;
    return this.#now() > selection.until ? TIMEOUT : SUCCESS;
  }
}

/** The octets of commands, the same for select and operate. */
function encoded(headers: readonly ObjectHeader[], functionCode: number): Uint8Array {
  const writer = new OctetWriter();
  for (const header of headers) encodeObjectHeader(writer, header, functionCode);
  return writer.finish();
}

function commandOf({ group, variation }: ObjectHeader, item: ObjectItem): Command | undefined {
  const { index = 0, code = 0, count = 0, onTime = 0, offTime = 0, value = Number.NaN } = item;
  if (group === GROUP_SETPOINT) {
    const type = (['int32', 'int16', 'float32', 'float64'] as const)[variation - 1];
    return type && Number.isFinite(value) ? { kind: 'setpoint', index, value, type } : undefined;
  }
  const { operation, tripClose, clear } = decodeControlCode(code);
  return { kind: 'control', index, operation, tripClose, clear, count, onTime, offTime };
}

/** An outstation without outputs. */
export const NO_OUTPUTS: OutputHandler = { select: () => NOT_SUPPORTED, operate: () => NOT_SUPPORTED };
