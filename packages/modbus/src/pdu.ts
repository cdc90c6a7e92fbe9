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
  | OfKind<'read-exception-status' | 'get-comm-event-counter' | 'get-comm-event-log' | 'report-server-id', unknown>
  | ({ readonly kind: 'diagnostics' } & Diagnostics)
  | { readonly kind: 'read-file-record'; readonly records: readonly FileRecordReference[] }
  | { readonly kind: 'write-file-record'; readonly records: readonly FileRecord[] }
  | { readonly kind: 'read-fifo-queue'; readonly address: number }
  | {
      readonly kind: 'read-device-identification';
      /** 1 basic, 2 regular, 3 extended objects from `objectId` on; 4 that object alone. */
      readonly readCode: number;
      readonly objectId: number;
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
  /** Eight coils of the device's own choice, the first lowest. */
  | { readonly kind: 'read-exception-status'; readonly status: number }
  | ({ readonly kind: 'diagnostics' } & Diagnostics)
  | { readonly kind: 'get-comm-event-counter'; readonly status: number; readonly eventCount: number }
  | {
      readonly kind: 'get-comm-event-log';
      readonly status: number;
      readonly eventCount: number;
      readonly messageCount: number;
      /** Octets, the most recent event first. */
      readonly events: Uint8Array;
    }
  /** The server's id, its run indicator and more: how long each part is, only the device's maker knows. */
  | { readonly kind: 'report-server-id'; readonly data: Uint8Array }
  /** The registers of each record, in the order of the request. */
  | { readonly kind: 'read-file-record'; readonly records: readonly (readonly number[])[] }
  | { readonly kind: 'write-file-record'; readonly records: readonly FileRecord[] }
  | { readonly kind: 'read-fifo-queue'; readonly values: readonly number[] }
  | {
      readonly kind: 'read-device-identification';
      readonly readCode: number;
      readonly conformityLevel: number;
      /** More objects follow, from `nextObjectId` on. */
      readonly moreFollows: boolean;
      readonly nextObjectId: number;
      readonly objects: readonly IdentificationObject[];
    }
  | { readonly kind: 'exception'; readonly functionCode: number; readonly exceptionCode: number }
  | OpaquePdu;

export type ReadBitsKind = 'read-coils' | 'read-discrete-inputs';
export type ReadRegistersKind = 'read-holding-registers' | 'read-input-registers';

/** @see MODBUS Application Protocol V1.1b3 §6.8 */
export interface Diagnostics {
  readonly subFunction: number;
  /** 16-bit words; what they mean depends on the sub-function. */
  readonly values: readonly number[];
}

/** Where a record of 16-bit registers lies in a file. @see MODBUS Application Protocol V1.1b3 §6.14 */
export interface FileRecordReference {
  /** 1 to 65535. */
  readonly file: number;
  /** 0 to 9999. */
  readonly record: number;
  /** In registers. */
  readonly length: number;
}

export interface FileRecord {
  readonly file: number;
  readonly record: number;
  readonly values: readonly number[];
}

/** @see MODBUS Application Protocol V1.1b3 §6.21 */
export interface IdentificationObject {
  readonly id: number;
  readonly value: Uint8Array;
}

/** A function this codec has no row for, carried as it is. */
export interface OpaquePdu {
  readonly kind: 'opaque';
  readonly functionCode: number;
  readonly data: Uint8Array;
}

export const MAX_PDU_BYTES = 253;

/** Sub-functions of diagnostics that only ask. @see MODBUS Application Protocol V1.1b3 §6.8.1 */
const ASKING_SUB_FUNCTIONS: ReadonlySet<number> = new Set([0, 2, 11, 12, 13, 14, 15, 16, 17, 18]);

/** Does the request change something in the device? One that is not understood may. */
export function isWrite(request: ModbusRequest): boolean {
  switch (request.kind) {
    case 'read-write-multiple-registers':
      return true;
    case 'diagnostics':
      return !ASKING_SUB_FUNCTIONS.has(request.subFunction);
    // Reading takes nothing out of the queue.
    default:
      return !/^(?:read|get|report)-/.test(request.kind);
  }
}
