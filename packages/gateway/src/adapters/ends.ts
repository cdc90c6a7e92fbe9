import type { Jid } from '@thingward/xmpp';

export interface IngressStatus {
  /** Where masters connect: `host:port` or the serial port. */
  readonly at: string;
  /** By the account of each adapter at the devices: where it speaks from now, undefined while it is not there. */
  readonly routes: Readonly<Record<string, string | undefined>>;
  readonly answered: number;
  /** Answered in place of the device, or not at all. */
  readonly failed: number;
}

export interface EgressStatus {
  readonly lines: readonly { readonly name: string; readonly state: string; readonly problem: string | undefined }[];
  readonly answered: number;
  readonly refused: number;
  readonly failed: number;
  /** What devices said unasked, where the protocol has that. */
  readonly reported?: number;
}

/** Where masters connect. */
export interface Door {
  /** The accounts of the adapters at the devices. */
  readonly targets: readonly Jid[];
  status(): IngressStatus;
  /** Rejects with the system's error when it can't be opened. */
  open(): Promise<void>;
  close(): Promise<void>;
}

/** The devices behind an account. */
export interface Devices {
  /** Who may send requests to them. */
  readonly masters: readonly Jid[];
  /** What the account says it understands. */
  readonly namespace: string;
  status(): EgressStatus;
  open(): void;
  close(): void;
}
