import type { ByteReader } from './byte-cursor.ts';
import type { ModbusRequest, ModbusResponse } from './pdu.ts';

export type FunctionKind = Exclude<ModbusRequest['kind'], 'opaque'>;
export type RequestOf<Kind extends FunctionKind> = Extract<ModbusRequest, { readonly kind: Kind }>;
export type ResponseOf<Kind extends FunctionKind> = Extract<ModbusResponse, { readonly kind: Kind }>;

/** One function: its code, and how what follows the code is written and read, limits included. */
export interface FunctionRow<Kind extends FunctionKind> {
  readonly code: number;
  encodeRequest(request: RequestOf<Kind>): number[];
  decodeRequest(reader: ByteReader): RequestOf<Kind>;
  encodeResponse(response: ResponseOf<Kind>): number[];
  decodeResponse(reader: ByteReader): ResponseOf<Kind>;
}
