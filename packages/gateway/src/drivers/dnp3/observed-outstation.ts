import {
  type CarriedPacket,
  type ChannelState,
  type Command,
  Dnp3Error,
  type Dnp3Master,
  encodeFragment,
  type Measurement,
  measurementsOf,
  UNSOLICITED_RESPONSE,
} from '@thingward/dnp3';
import { type CommandMode, OutstationSource, operateOne } from './outstation-source.ts';

/**
 * An outstation that is polled by masters beyond an adapter in this process: what it answers them, and tells them unasked, is all it says.
 * It is asked for nothing but how all is now, when somebody wants to know, and never for events: those are its masters'.
 */
export class ObservedOutstation extends OutstationSource {
  readonly #master: Dnp3Master;
  /** By the address of the master it was for. */
  readonly #lastUnsolicited = new Map<number, string>();
  readonly #follow: (state: ChannelState) => void;
  #isOnline = false;

  /** @param master with an address of its own, on the connection that the masters share */
  constructor(master: Dnp3Master) {
    super();
    this.#master = master;
    master.on('measurements', (measurements) => this.#heard(measurements));
    this.#follow = (state) => {
      if (state === 'disconnected') this.#lost(master.channel.notConnected());
    };
    master.channel.on('state', this.#follow);
  }

  override get isOnline(): boolean {
    return this.#isOnline;
  }

  /** The outstation has sent this to a master. */
  pass({ destination, fragment }: CarriedPacket): void {
    if (fragment.function === UNSOLICITED_RESPONSE) {
      // One whose confirmation has not arrived is sent again.
      const text = String(encodeFragment(fragment));
      const isRepeated = this.#lastUnsolicited.get(destination) === text;
      this.#lastUnsolicited.set(destination, text);
      if (isRepeated) return;
    }
    this.#heard(measurementsOf(fragment.objects));
  }

  override async refresh(): Promise<void> {
    try {
      await this.#master.channel.connected();
      await this.#master.readClasses([0]);
    } catch (error) {
      if (error instanceof Dnp3Error) this.#lost(error);
      throw error;
    }
  }

  override async operate(command: Command, mode: CommandMode, signal: AbortSignal): Promise<void> {
    await this.#master.channel.connected();
    signal.throwIfAborted();
    await operateOne(this.#master, command, mode, signal);
  }

  override async close(): Promise<void> {
    this.#master.channel.off('state', this.#follow);
    this.#master.close();
  }

  #heard(measurements: readonly Measurement[]): void {
    if (!this.#isOnline) {
      this.#isOnline = true;
      this.emit('online');
    }
    if (measurements.length > 0) this.emit('measurements', measurements);
  }

  #lost(problem: Dnp3Error): void {
    if (!this.#isOnline) return;
    this.#isOnline = false;
    this.emit('offline', problem);
  }
}
