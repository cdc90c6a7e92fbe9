import type { Socket } from 'node:net';
import { type DomainPair, StreamError } from '@thingward/xmpp';
import { type ConnectionServices, S2sConnection } from './connection.ts';
import { inverse } from './events.ts';
import { type ReceiverOptions, S2sReceiver } from './receiver.ts';
import type { S2sTls, Secured } from './s2s-tls.ts';
import { type OwnerAction, S2sStream, type StreamLimits } from './stream.ts';

export interface IncomingOptions {
  readonly services: ConnectionServices;
  readonly receiver: ReceiverOptions;
  readonly tls: S2sTls;
  readonly limits: StreamLimits;
  /** Time from connecting to the first pair that is accepted. */
  readonly authTimeoutMs: number;
}

/** A connection another server has opened. */
export class IncomingConnection extends S2sConnection {
  protected readonly stream: S2sStream;
  readonly #machine: S2sReceiver;
  readonly #authTimer: NodeJS.Timeout;

  /** @param secured where TLS is there from the first byte */
  constructor({ services, receiver, tls, limits, authTimeoutMs }: IncomingOptions, socket: Socket, secured?: Secured) {
    super(services);
    this.#machine = new S2sReceiver(receiver);
    this.stream = new S2sStream({
      socket: secured?.socket ?? socket,
      machine: this.#machine,
      owner: this,
      limits,
      log: services.log,
      turns: services.turns,
      startTls: (plain) => tls.accept(plain),
    });
    this.#authTimer = setTimeout(() => {
      this.stream.input({ kind: 'end', error: new StreamError('connection-timeout', 'no authentication in time') });
    }, authTimeoutMs);
    if (secured) this.stream.input({ kind: 'secured', certificate: secured.certificate });
  }

  /** Ends it with an error. Resolves when the connection is gone. */
  end(error: StreamError): Promise<void> {
    this.stream.input({ kind: 'end', error });
    return this.stream.closed;
  }

  protected accepted(pair: DomainPair): void {
    clearTimeout(this.#authTimer);
    if (this.#machine.isBidirectional) this.services.offer(inverse(pair), this);
  }

  protected negotiated(action: Exclude<OwnerAction, { kind: 'stanza' | 'check' | 'accepted' }>): void {
    if (action.kind !== 'close') return;
    const reason = (action.error ?? action.reason)?.message;
    this.services.log.debug({ remote: this.stream.remote, reason }, 'a stream of another server has ended');
  }

  protected onEnded(): void {
    clearTimeout(this.#authTimer);
  }
}
