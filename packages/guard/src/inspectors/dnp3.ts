import {
  ASSIGN_CLASS,
  type CarriedRequest,
  CLOSE,
  CONFIRM,
  DELAY_MEASUREMENT,
  DIRECT_OPERATE,
  DIRECT_OPERATE_NO_RESPONSE,
  DISABLE_UNSOLICITED,
  DNP3_NAMESPACE,
  Dnp3Error,
  decodeCarriedRequest,
  decodeControlCode,
  ENABLE_UNSOLICITED,
  FREEZE_AT_TIME,
  FREEZE_AT_TIME_NO_RESPONSE,
  FREEZE_CLEAR,
  FREEZE_CLEAR_NO_RESPONSE,
  FUNCTIONS,
  formatFloat,
  IIN_NAMES,
  IMMEDIATE_FREEZE,
  IMMEDIATE_FREEZE_NO_RESPONSE,
  LATCH_OFF,
  LATCH_ON,
  nameOf,
  type ObjectHeader,
  type ObjectItem,
  OPERATE,
  OPERATIONS,
  objectType,
  PULSE_OFF,
  PULSE_ON,
  READ,
  RECORD_CURRENT_TIME,
  SELECT,
  TRIP,
  TRIP_CLOSE,
  WRITE,
} from '@thingward/dnp3';
import { decimalsAround } from '../decimal.ts';
import type { ActionName, FoundOperation, OperationFacts, ResourceReference } from '../operation.ts';
import { type PacketInspector, unknownOperation } from '../packet-inspector.ts';

const PROTOCOL = 'dnp3';
const ANSWERS: ReadonlySet<string> = new Set(['response', 'report', 'outcome-unknown', 'expired']);

/** What of an outstation's data an operation touches. */
type Touched = Pick<OperationFacts, 'table' | 'address' | 'lastAddress' | 'number' | 'text'>;

/** Tables by group; groups that are not here are not understood. @see IEEE 1815-2012 Annex A */
const TABLES: Readonly<Record<number, string>> = {
  0: 'deviceAttribute',
  1: 'binaryInput',
  2: 'binaryInput',
  3: 'doubleBitInput',
  4: 'doubleBitInput',
  10: 'binaryOutput',
  11: 'binaryOutput',
  12: 'binaryOutput',
  13: 'binaryOutput',
  20: 'counter',
  21: 'frozenCounter',
  22: 'counter',
  23: 'frozenCounter',
  30: 'analogInput',
  31: 'frozenAnalogInput',
  32: 'analogInput',
  33: 'frozenAnalogInput',
  34: 'analogDeadband',
  40: 'analogOutput',
  41: 'analogOutput',
  42: 'analogOutput',
  43: 'analogOutput',
  50: 'time',
  51: 'time',
  52: 'delay',
  60: 'class',
  80: 'internalIndication',
  102: 'integer',
  110: 'octetString',
  111: 'octetString',
  112: 'virtualTerminal',
  113: 'virtualTerminal',
  114: 'octetString',
  115: 'octetString',
  121: 'securityStatistic',
  122: 'securityStatistic',
};
const CLASSES = 60;
const TIMES = 50;
const INDICATIONS = 80;
const CONTROLS = 12;
const SETPOINTS = 41;

/** What each function is. What is not here, such as files and authentication, is not understood. */
const ACTIONS: Readonly<Record<number, ActionName>> = {
  [CONFIRM]: 'read',
  [READ]: 'read',
  [WRITE]: 'write',
  [SELECT]: 'write',
  [OPERATE]: 'write',
  [DIRECT_OPERATE]: 'write',
  [DIRECT_OPERATE_NO_RESPONSE]: 'write',
  [IMMEDIATE_FREEZE]: 'execute',
  [IMMEDIATE_FREEZE_NO_RESPONSE]: 'execute',
  [FREEZE_CLEAR]: 'execute',
  [FREEZE_CLEAR_NO_RESPONSE]: 'execute',
  [FREEZE_AT_TIME]: 'execute',
  [FREEZE_AT_TIME_NO_RESPONSE]: 'execute',
  // Restarts, starts and stops of applications, and what becomes of their configuration.
  13: 'execute',
  14: 'execute',
  15: 'execute',
  16: 'execute',
  17: 'execute',
  18: 'execute',
  19: 'execute',
  [ENABLE_UNSOLICITED]: 'subscribe',
  [DISABLE_UNSOLICITED]: 'subscribe',
  [ASSIGN_CLASS]: 'execute',
  [DELAY_MEASUREMENT]: 'read',
  [RECORD_CURRENT_TIME]: 'execute',
};
const COMMANDS: ReadonlySet<number> = new Set([SELECT, OPERATE, DIRECT_OPERATE, DIRECT_OPERATE_NO_RESPONSE]);
/** Functions about points: without objects they mean nothing. */
const ABOUT_POINTS: ReadonlySet<number> = new Set([READ, WRITE, ...COMMANDS]);

/**
 * Packets of DNP3: a `read` of each range, a `write` of each value (that an output is selected for it, too), `subscribe` for what is
 * reported unasked, `execute` for what changes the outstation otherwise. Files, authentication and what is carried without being
 * understood are `unknown`.
 */
export const dnp3Inspector: PacketInspector = {
  protocol: PROTOCOL,
  namespaces: [DNP3_NAMESPACE],
  actions: ['read', 'write', 'subscribe', 'execute'],
  answers: ANSWERS,
  about: 'addressee',
  inspect(payload, { to: jid }) {
    if (ANSWERS.has(payload.name)) return [];
    const resource = { kind: 'thing', jid } as const;
    try {
      return dnp3Operations(decodeCarriedRequest(payload), resource);
    } catch (error) {
      if (!(error instanceof Dnp3Error)) throw error;
      return [unknownOperation(PROTOCOL, resource, payload, error.message)];
    }
  },
};

/** What a request would do: one operation at least. */
export function dnp3Operations(
  { packet: { destination, fragment } }: Pick<CarriedRequest, 'packet'>,
  resource: ResourceReference,
): readonly FoundOperation[] {
  const { function: code, objects, rest } = fragment;
  const facts = { protocol: PROTOCOL, name: camelCase(nameOf(FUNCTIONS, code)), function: code, unit: destination };
  const action = ACTIONS[code];
  const unknown = (problem: string): readonly FoundOperation[] => [
    { action: 'unknown', resource, facts: { ...facts, problem } },
  ];
  if (!action) return unknown(`function ${facts.name} is not understood`);
  if (rest) return unknown(rest.problem);
  const opaque = objects.find((header) => isOpaque(header));
  if (opaque) return unknown(`objects ${opaque.group}, ${opaque.variation} are not understood`);
  if (COMMANDS.has(code) && objects.some((header) => !isCommandHeader(header))) {
    return unknown('only control relay output blocks and set-points are operated');
  }
  if (objects.length === 0) {
    return ABOUT_POINTS.has(code) ? unknown('it names no objects') : [{ action, resource, facts }];
  }
  return objects.flatMap((header): readonly FoundOperation[] => {
    const isWritten = action === 'write';
    const touched = isWritten ? header.items.flatMap((item) => written(header, item)) : [named(header)];
    const isOfOutstation = isWritten && (header.group === TIMES || header.group === INDICATIONS);
    return touched.length === 0
      ? unknown(`objects ${header.group}, ${header.variation} without values are written`)
      : touched.map((one) => ({
          action: isOfOutstation ? 'execute' : action,
          resource,
          facts: { ...facts, ...one },
        }));
  });
}

function isOpaque({ group, variation, items }: ObjectHeader): boolean {
  const type = objectType(group, variation);
  if (TABLES[group] === undefined || !type) return true;
  const isText = type.element === 'octetString' || type.element === 'attribute';
  return !isText && items.some(({ octets }) => octets !== undefined);
}

function isCommandHeader({ group, variation, items }: ObjectHeader): boolean {
  const isKnown = (group === CONTROLS && variation === 1) || group === SETPOINTS;
  return isKnown && items.length > 0 && items.every(({ index }) => index !== undefined);
}

/** What a header names: all between its first point and its last, or all of its table. */
function named({ group, variation, range, prefix, start, stop, count, items }: ObjectHeader): Touched {
  const table = TABLES[group];
  if (group === CLASSES) return { table, text: `class ${variation - 1}` };
  if (start !== undefined && stop !== undefined) return { table, address: start, lastAddress: stop };
  if (prefix.startsWith('index-') && items.length > 0) {
    const indexes = items.map(({ index = 0 }) => index);
    return { table, address: Math.min(...indexes), lastAddress: Math.max(...indexes) };
  }
  // Without a prefix, a count means the first so many.
  if (range.startsWith('count-') && prefix === 'none' && count !== undefined && count > 0 && !isEvents(group)) {
    return { table, address: 0, lastAddress: count - 1 };
  }
  return { table, address: 0, lastAddress: 0xffff_ffff };
}

/** Of events, a count says how many, whichever points they are of. */
function isEvents(group: number): boolean {
  return [2, 4, 11, 13, 22, 23, 32, 33, 42, 43, 111, 113, 115].includes(group);
}

function written(header: ObjectHeader, item: ObjectItem): readonly Touched[] {
  const { group, variation } = header;
  const { index, value, code, time, octets } = item;
  const table = TABLES[group];
  const place = index === undefined ? { table } : { table, address: index, lastAddress: index };
  if (group === CONTROLS && code !== undefined) return [{ ...place, ...controlValue(code) }];
  if (time !== undefined) return [{ ...place, text: new Date(time).toISOString() }];
  if (octets) return [{ ...place, text: Buffer.from(octets).toString('latin1') }];
  if (value === undefined) return [];
  if (group === INDICATIONS)
    return [{ ...place, text: IIN_NAMES[index ?? -1] ?? '', number: decimalsAround(String(value))[0] }];
  const isSingle = objectType(group, variation)?.name.includes('single-precision') ?? false;
  const text = formatFloat(value, isSingle ? 4 : 8);
  const numbers = decimalsAround(String(value));
  // What is no number has none that could be judged.
  return (numbers.length === 0 ? [undefined] : numbers).map((number) => ({ ...place, number, text }));
}

/** 1 for on and close, 0 for off and trip; no number for anything else. @see IEEE 1815-2012 §11.9.8, Table 11-6 */
function controlValue(octet: number): Pick<Touched, 'number' | 'text'> {
  const { operation, tripClose, clear } = decodeControlCode(octet);
  const text = [nameOf(OPERATIONS, operation), tripClose === 0 ? '' : TRIP_CLOSE[tripClose], clear ? 'clear' : '']
    .filter((part) => part !== '')
    .join(' ');
  const isPlain = tripClose === 0;
  const isOn = (isPlain && (operation === LATCH_ON || operation === PULSE_ON)) || isPaired(operation, tripClose, CLOSE);
  const isOff =
    (isPlain && (operation === LATCH_OFF || operation === PULSE_OFF)) || isPaired(operation, tripClose, TRIP);
  return { text, number: isOn || isOff ? decimalsAround(isOn ? '1' : '0')[0] : undefined };
}

function isPaired(operation: number, tripClose: number, wanted: number): boolean {
  return tripClose === wanted && operation === PULSE_ON;
}

function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
