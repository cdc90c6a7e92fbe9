import type { Duplex } from 'node:stream';
import { pause } from '@thingward/things';
import type { Logger } from '@thingward/xmpp';
import { openSerialPort, type SerialPortSettings } from '../drivers/serial-port.ts';

const RETRY_MS = 3000;

/** Where masters are on a serial line, whatever they speak. The port is opened again and again: adapters are unplugged. */
export class SerialDoor {
  readonly #settings: SerialPortSettings;
  readonly #accept: (port: Duplex) => void;
  readonly #log: Logger;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;

  /** @param accept takes the port each time it is opened */
  constructor(settings: SerialPortSettings, accept: (port: Duplex) => void, log: Logger) {
    this.#settings = settings;
    this.#accept = accept;
    this.#log = log;
  }

  open(): void {
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the adapter stops'));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const port = openSerialPort(this.#settings);
      const close = () => port.destroy();
      signal.addEventListener('abort', close, { once: true });
      this.#accept(port);
      const reason = await new Promise<string>((resolve) => {
        port.once('error', (error: Error) => resolve(error.message));
        port.once('close', () => resolve('the port was closed'));
      });
      signal.removeEventListener('abort', close);
      port.destroy();
      if (signal.aborted) return;
      this.#log.warn({ port: this.#settings.path, reason }, 'the serial line is lost; it is opened again');
      await pause(RETRY_MS, signal);
    }
  }
}
