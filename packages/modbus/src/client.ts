import type { ModbusRequest, ModbusResponse } from './pdu.ts';

export type ConnectionState = 'connecting' | 'connected' | 'disconnected' | 'closed';

export interface ModbusRequestOptions {
  readonly signal?: AbortSignal | undefined;
  /** How long to wait for the answer once it is sent; the client's when not given. */
  readonly timeoutMs?: number | undefined;
  /** The transaction identifier to send it with, where the line has them and this one is free. */
  readonly transactionId?: number | undefined;
}

/** A way to devices, whatever their line. Kept up between `open` and `close`. */
export interface ModbusClient {
  readonly state: ConnectionState;
  /** Why it is not connected, for people; undefined while it is. */
  readonly problem: string | undefined;
  open(): void;
  /** Requests that wait fail. */
  close(): void;
  /**
   * Sends a request and gives the answer. A write is sent at most once.
   * @throws ModbusException the device's exception
   * @throws ModbusError `outcome-unknown` for a write that was sent and got no proper answer, and as each kind of client says
   */
  request(unit: number, request: ModbusRequest, options?: ModbusRequestOptions): Promise<ModbusResponse>;
}
