/** One member of a union for each kind. */
type OfKind<Kind extends string, Body> = Kind extends string ? { readonly kind: Kind } & Body : never;

/** Addresses are those of the PDU: from 0, without the table's digit. Registers are 16-bit unsigned. */
export type ModbusRequest =
  | OfKind<ReadBitsKind | ReadRegistersKind, { readonly address: number; readonly quantity: number }>
  | { readonly kind: 'write-single-coil'; readonly address: number; readonly value: boolean }
  | { readonly kind: 'write-single-register'; readonly address: number; readonly value: number }
  | {
      readonly kind: 'write-multiple-coils';
      readonly address: number;
      readonly values: readonly boolean[];
      /** The bits after the last coil, as they are in the last octet. They should be zero; kept where they are not. */
      readonly padding?: number;
    }
  | { readonly kind: 'write-multiple-registers'; readonly address: number; readonly values: readonly number[] }
  | {
      readonly kind: 'mask-write-register';
      readonly address: number;
      readonly andMask: number;
      readonly orMask: number;
    }
  | {
      readonly kind: 'read-write-multiple-registers';
      readonly readAddress: number;
      readonly quantity: number;
      readonly writeAddress: number;
      readonly values: readonly number[];
    }
  | OpaquePdu;

export type ModbusResponse =
  /** A multiple of eight bits: the answer does not say how many were asked for. */
  | OfKind<ReadBitsKind, { readonly values: readonly boolean[] }>
  | OfKind<ReadRegistersKind, { readonly values: readonly number[] }>
  | { readonly kind: 'write-single-coil'; readonly address: number; readonly value: boolean }
  | { readonly kind: 'write-single-register'; readonly address: number; readonly value: number }
  | OfKind<'write-multiple-coils' | 'write-multiple-registers', { readonly address: number; readonly quantity: number }>
  | {
      readonly kind: 'mask-write-register';
      readonly address: number;
      readonly andMask: number;
      readonly orMask: number;
    }
  | { readonly kind: 'read-write-multiple-registers'; readonly values: readonly number[] }
  | { readonly kind: 'exception'; readonly functionCode: number; readonly exceptionCode: number }
  | OpaquePdu;

export type ReadBitsKind = 'read-coils' | 'read-discrete-inputs';
export type ReadRegistersKind = 'read-holding-registers' | 'read-input-registers';

/** A function this codec has no row for, carried as it is. */
export interface OpaquePdu {
  readonly kind: 'opaque';
  readonly functionCode: number;
  readonly data: Uint8Array;
}

export const MAX_PDU_BYTES = 253;

/** Does the request change something in the device? */
export function isWrite(request: ModbusRequest): boolean {
  return !request.kind.startsWith('read-') || request.kind === 'read-write-multiple-registers';
}
