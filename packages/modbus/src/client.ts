import type { ModbusRequest, ModbusResponse } from './pdu.ts';

export type ConnectionState = 'connecting' | 'connected' | 'disconnected' | 'closed';

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
   * @param timeoutMs how long to wait for the answer once it is sent
   * @throws ModbusException the device's exception
   * @throws ModbusError `outcome-unknown` for a write that was sent and got no proper answer, and as each kind of client says
   */
  request(unit: number, request: ModbusRequest, signal?: AbortSignal, timeoutMs?: number): Promise<ModbusResponse>;
}
