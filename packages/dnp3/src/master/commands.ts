import { SUCCESS } from '../command-status.ts';
import { encodeControlCode, LATCH_OFF, LATCH_ON } from '../control-code.ts';
import { commandRefused, Dnp3Error } from '../error.ts';
import type { ObjectItem } from '../fields.ts';
import type { ObjectHeader } from '../object-header.ts';

/** A command to an output. */
export type Command =
  | {
      readonly kind: 'control';
      readonly index: number;
      /** See `OPERATIONS`. */
      readonly operation: number;
      /** See `TRIP_CLOSE`; 0 when not given. */
      readonly tripClose?: number;
      readonly clear?: boolean;
      /** 1 when not given. */
      readonly count?: number;
      /** Milliseconds; 0 when not given. */
      readonly onTime?: number;
      readonly offTime?: number;
    }
  | {
      readonly kind: 'setpoint';
      readonly index: number;
      readonly value: number;
      /** `float32` when not given. */
      readonly type?: SetpointType;
    };

export type SetpointType = 'int16' | 'int32' | 'float32' | 'float64';

const GROUP_CONTROL = 12;
const GROUP_SETPOINT = 41;
const SETPOINT_VARIATIONS: Readonly<Record<SetpointType, number>> = { int32: 1, int16: 2, float32: 3, float64: 4 };

/** Switches an output on or off and leaves it so. */
export function latch(index: number, on: boolean): Command {
  return { kind: 'control', index, operation: on ? LATCH_ON : LATCH_OFF };
}

/** The objects of a request with commands. @throws Dnp3Error `limit-exceeded` when there are none */
export function commandObjects(commands: readonly Command[]): readonly ObjectHeader[] {
  if (commands.length === 0) throw new Dnp3Error('limit-exceeded', 'there is no command');
  const headers: ObjectHeader[] = [];
  for (const command of commands) {
    const [group, variation, item] = commandObject(command);
    const last = headers.at(-1);
    const items = last?.group === group && last.variation === variation ? [...last.items, item] : [item];
    if (items.length > 1) headers.pop();
    headers.push({ group, variation, prefix: 'index-16', range: 'count-16', count: items.length, items });
  }
  return headers;
}

function commandObject(command: Command): readonly [group: number, variation: number, item: ObjectItem] {
  const { index } = command;
  if (command.kind === 'setpoint') {
    return [
      GROUP_SETPOINT,
      SETPOINT_VARIATIONS[command.type ?? 'float32'],
      { index, value: command.value, status: SUCCESS },
    ];
  }
  const { operation, tripClose = 0, clear = false, count = 1, onTime = 0, offTime = 0 } = command;
  const code = encodeControlCode({ operation, tripClose, clear, queue: false });
  return [GROUP_CONTROL, 1, { index, code, count, onTime, offTime, status: SUCCESS }];
}

/**
 * Has an outstation taken what was asked for? It sends the same objects, each with a status.
 * @throws Dnp3Error `command-refused`, and `malformed-fragment` for other objects
 * @see IEEE 1815-2012 §4.4.3
 */
export function checkEcho(asked: readonly ObjectHeader[], answered: readonly ObjectHeader[]): void {
  for (const [i, header] of asked.entries()) {
    const echo = answered[i];
    const isSame = echo?.group === header.group && echo.variation === header.variation;
    for (const [j, item] of header.items.entries()) {
      const answer = echo?.items[j];
      if (answer && isSame && answer.index === item.index && answer.status !== SUCCESS) {
        throw commandRefused(answer.status ?? SUCCESS, `output ${item.index}`);
      }
      if (!answer || !isSame || !isEcho(item, answer)) {
        throw new Dnp3Error('malformed-fragment', 'the answer is not to these commands');
      }
    }
  }
}

function isEcho(item: ObjectItem, answer: ObjectItem): boolean {
  const isSameValue = item.value === undefined || Math.fround(item.value) === Math.fround(answer.value ?? Number.NaN);
  return (
    item.index === answer.index &&
    item.code === answer.code &&
    item.count === answer.count &&
    item.onTime === answer.onTime &&
    item.offTime === answer.offTime &&
    isSameValue
  );
}
