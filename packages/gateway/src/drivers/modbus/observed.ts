import type { ModbusRequest, ModbusResponse, RegisterTable } from '@thingward/modbus';
import { pointLength } from '@thingward/modbus';
import type { Point } from './config.ts';
import { type Reading, readingOf } from './unit-reader.ts';

/** Values of a table that are known from a transaction. */
interface Known {
  readonly table: RegisterTable;
  readonly address: number;
  readonly values: readonly (boolean | number)[];
}

/** The points whose values a transaction tells: read whole, or written and confirmed. */
export function observedReadings(
  points: readonly Point[],
  request: ModbusRequest,
  response: ModbusResponse,
  timestamp: Date,
): readonly Reading[] {
  return knownFrom(request, response).flatMap(({ table, address, values }) =>
    points.flatMap((point) => {
      const start = point.address - address;
      const length = pointLength(point);
      if (point.table !== table || start < 0 || start + length > values.length) return [];
      return [readingOf(point, values.slice(start, start + length), timestamp)];
    }),
  );
}

function knownFrom(request: ModbusRequest, response: ModbusResponse): readonly Known[] {
  if (response.kind === 'exception' || response.kind !== request.kind) return [];
  const answered = 'values' in response ? response.values : [];
  switch (request.kind) {
    case 'read-coils':
      return [{ table: 'coil', address: request.address, values: answered.slice(0, request.quantity) }];
    case 'read-discrete-inputs':
      return [{ table: 'discrete-input', address: request.address, values: answered.slice(0, request.quantity) }];
    case 'read-holding-registers':
      return [{ table: 'holding-register', address: request.address, values: answered }];
    case 'read-input-registers':
      return [{ table: 'input-register', address: request.address, values: answered }];
    case 'write-single-coil':
      return [{ table: 'coil', address: request.address, values: [request.value] }];
    case 'write-multiple-coils':
      return [{ table: 'coil', address: request.address, values: request.values }];
    case 'write-single-register':
      return [{ table: 'holding-register', address: request.address, values: [request.value] }];
    case 'write-multiple-registers':
      return [{ table: 'holding-register', address: request.address, values: request.values }];
    case 'read-write-multiple-registers':
      return [
        { table: 'holding-register', address: request.writeAddress, values: request.values },
        { table: 'holding-register', address: request.readAddress, values: answered },
      ];
    default:
      return [];
  }
}
