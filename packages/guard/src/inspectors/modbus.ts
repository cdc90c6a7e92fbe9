import {
  decodeRequestPacket,
  encodeRequest,
  functionCodeOf,
  isWrite,
  MODBUS_NAMESPACE,
  ModbusError,
  type ModbusRequest,
  type RequestPacket,
} from '@thingward/modbus';
import { decimalsAround } from '../decimal.ts';
import type { FoundOperation, OperationFacts, ResourceReference } from '../operation.ts';
import { type PacketInspector, unknownOperation } from '../packet-inspector.ts';

const PROTOCOL = 'modbus';
const ANSWERS: ReadonlySet<string> = new Set(['response', 'exception', 'outcome-unknown', 'expired']);
/** More runs of equal values are judged as if each value went to all addresses between its first and its last. */
const MAX_RUNS = 200;

/** What of a device's data an operation touches. */
type Touched = Pick<OperationFacts, 'table' | 'address' | 'lastAddress' | 'number' | 'text'>;

/**
 * Packets of Modbus: a `read` of a range of a table, a `write` of each run of equal values, `execute` for what changes the device otherwise.
 * Functions without a meaning of their own are `unknown`.
 */
export const modbusInspector: PacketInspector = {
  protocol: PROTOCOL,
  namespaces: [MODBUS_NAMESPACE],
  actions: ['read', 'write', 'execute'],
  answers: ANSWERS,
  about: 'addressee',
  inspect(payload, { to: jid }) {
    if (ANSWERS.has(payload.name)) return [];
    const resource = { kind: 'thing', jid } as const;
    try {
      const packet = decodeRequestPacket(payload);
      // What can't be sent to a device is no request of one.
      encodeRequest(packet.request);
      return modbusOperations(packet, resource);
    } catch (error) {
      if (!(error instanceof ModbusError)) throw error;
      return [unknownOperation(PROTOCOL, resource, payload, error.message)];
    }
  },
};

/** What a request would do. */
export function modbusOperations(
  { unit, request }: Pick<RequestPacket, 'unit' | 'request'>,
  resource: ResourceReference,
): readonly FoundOperation[] {
  const facts = { protocol: PROTOCOL, name: nameOf(request), function: functionCodeOf(request), unit };
  if (request.kind === 'opaque') {
    return [{ action: 'unknown', resource, facts: { ...facts, problem: `function ${facts.function} is not known` } }];
  }
  const written = writtenBy(request);
  const read = readBy(request);
  const operations: FoundOperation[] = [
    ...read.map((touched) => ({ action: 'read', resource, facts: { ...facts, ...touched } }) as const),
    ...written.map((touched) => ({ action: 'write', resource, facts: { ...facts, ...touched } }) as const),
  ];
  if (operations.length > 0) return operations;
  return [{ action: isWrite(request) ? 'execute' : 'read', resource, facts: { ...facts, ...subFunctionOf(request) } }];
}

function readBy(request: ModbusRequest): readonly Touched[] {
  switch (request.kind) {
    case 'read-coils':
      return [range('coil', request)];
    case 'read-discrete-inputs':
      return [range('discreteInput', request)];
    case 'read-holding-registers':
      return [range('holdingRegister', request)];
    case 'read-input-registers':
      return [range('inputRegister', request)];
    case 'read-write-multiple-registers':
      return [range('holdingRegister', { address: request.readAddress, quantity: request.quantity })];
    case 'read-fifo-queue':
      return [range('fifoQueue', { address: request.address, quantity: 1 })];
    case 'read-file-record':
      return request.records.map(({ file, record, length }) => ({
        ...range('file', { address: record, quantity: length }),
        text: `file ${file}`,
      }));
    default:
      return [];
  }
}

function writtenBy(request: ModbusRequest): readonly Touched[] {
  switch (request.kind) {
    case 'write-single-coil':
      return runs('coil', request.address, [Number(request.value)]);
    case 'write-multiple-coils':
      return runs('coil', request.address, request.values.map(Number));
    case 'write-single-register':
      return runs('holdingRegister', request.address, [request.value]);
    case 'write-multiple-registers':
      return runs('holdingRegister', request.address, request.values);
    case 'read-write-multiple-registers':
      return runs('holdingRegister', request.writeAddress, request.values);
    case 'mask-write-register':
      // What it becomes depends on what it is: it has no number that could be judged.
      return [
        {
          ...range('holdingRegister', { address: request.address, quantity: 1 }),
          text: `and ${request.andMask} or ${request.orMask}`,
        },
      ];
    case 'write-file-record':
      return request.records.flatMap(({ file, record, values }) =>
        runs('file', record, values).map((touched) => ({ ...touched, text: `file ${file}` })),
      );
    default:
      return [];
  }
}

function range(table: string, { address, quantity }: { address: number; quantity: number }): Touched {
  return { table, address, lastAddress: address + quantity - 1 };
}

/** One for each run of equal values. */
function runs(table: string, address: number, values: readonly number[]): readonly Touched[] {
  const found: { value: number; first: number; last: number }[] = [];
  for (const [i, value] of values.entries()) {
    const last = found.at(-1);
    if (last?.value === value) last.last = address + i;
    else found.push({ value, first: address + i, last: address + i });
  }
  const judged = found.length <= MAX_RUNS ? found : hulls(found);
  return judged.flatMap(({ value, first, last }) =>
    decimalsAround(String(value)).map((number) => ({
      table,
      address: first,
      lastAddress: last,
      number,
      text: String(value),
    })),
  );
}

function hulls(runs: readonly { value: number; first: number; last: number }[]) {
  const byValue = new Map<number, { value: number; first: number; last: number }>();
  for (const run of runs) byValue.set(run.value, { ...run, first: byValue.get(run.value)?.first ?? run.first });
  return [...byValue.values()];
}

function subFunctionOf(request: ModbusRequest): Touched {
  return request.kind === 'diagnostics' ? { text: `sub-function ${request.subFunction}` } : {};
}

/** As its element is named: `writeSingleRegister`. */
function nameOf({ kind }: ModbusRequest): string {
  return kind.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
