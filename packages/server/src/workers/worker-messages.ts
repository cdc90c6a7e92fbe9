import type { TlsOptions } from 'node:tls';
import type { ClientCertificateSettings } from '../client-certificates.ts';
import type { Limits } from '../limits.ts';
import type { Network } from '../listeners/proxy-protocol/proxy-protocol.ts';

/** A door whose connections workers take. */
export type WorkerDoor = 'c2s' | 'c2sTls';

/** What a worker has to know. Later ones replace it for connections to come. */
export interface WorkerSettings {
  readonly limits: Limits;
  readonly tls: Pick<TlsOptions, 'cert' | 'key' | 'minVersion'>;
  readonly clientCertificates?: ClientCertificateSettings | undefined;
  /** Proxies that are trusted to say where connections come from, by door. */
  readonly proxies: Readonly<Record<WorkerDoor, readonly Network[]>>;
}

/** What a worker is told beside records, over the channel that takes sockets along. */
export type ToWorker =
  | { readonly kind: 'configure'; readonly settings: WorkerSettings }
  /** With a socket: from now on its client is the worker's. */
  | { readonly kind: 'take'; readonly connection: number; readonly door: WorkerDoor };

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What a worker tells beside records. */
export type FromWorker =
  | { readonly kind: 'ready' }
  /** Bytes on the wire since it was told last. */
  | { readonly kind: 'traffic'; readonly door: WorkerDoor; readonly received: number; readonly sent: number }
  /** Bytes that wait for clients that read slowly. */
  | { readonly kind: 'waiting'; readonly unsentBytes: number }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly details: object; readonly message: string };

/** What a worker says of a stream that a client opens (`RECORD.open`). */
export interface OpenedStream {
  readonly header: {
    readonly name: string;
    readonly namespace: string;
    readonly attributes: Readonly<Record<string, string>>;
  };
  readonly bindings: Readonly<Record<string, string>>;
  readonly isEncrypted: boolean;
  /** What authentications can be tied to, in Base64; undefined where there is nothing. */
  readonly channelBindings?: Readonly<Record<string, string>> | undefined;
  /** Bare JIDs the client's certificate speaks for; undefined where none is asked for. */
  readonly certified?: readonly string[] | undefined;
  /** SHA-256 of that certificate, where it is one of a device. */
  readonly deviceCertificate?: string | undefined;
}

/** Bytes that are no XML of a stream (`RECORD.error`); see `XmlError`. */
export interface ReportedError {
  readonly code: string;
  readonly message: string;
  readonly offset: number;
}

/** Data channel of a worker process: a socket beside its standard streams. */
export const DATA_CHANNEL = 3;
