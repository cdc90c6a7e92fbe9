import type { ByteReader } from './byte-cursor.ts';
import { ModbusError } from './error.ts';

/** @param reader where the quantity was read; none when it is to be written */
export function checkQuantity(quantity: number, most: number, reader?: ByteReader): number {
  if (Number.isInteger(quantity) && quantity >= 1 && quantity <= most) return quantity;
  const code = reader ? 'malformed-pdu' : 'limit-exceeded';
  throw new ModbusError(code, `a quantity of ${quantity}: 1 to ${most} are allowed`, reader?.offset);
}

export function checkRange(address: number, quantity: number, reader?: ByteReader): void {
  if (address + quantity <= 0x10000) return;
  const code = reader ? 'address-overflow' : 'limit-exceeded';
  throw new ModbusError(code, `${quantity} from address ${address} goes past 65535`, reader?.offset);
}
