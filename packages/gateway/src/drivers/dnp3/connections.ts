import { type CarriedPacket, Dnp3Association, Dnp3Channel, Dnp3Master } from '@thingward/dnp3';
import { openSerialPort, type SerialPortSettings } from '../serial-port.ts';
import type { Dnp3Config } from './config.ts';
import { ObservedOutstation } from './observed-outstation.ts';
import { type OutstationSource, PolledOutstation } from './outstation-source.ts';

/** How outstations are reached. */
export interface OutstationAddress {
  readonly host: string;
  readonly port: number;
  /** Outstations that are asked at the same time. */
  readonly maxInFlight: number;
}

/** One connection for each host and port, and one source for each outstation behind it: Things and masters share them. */
export class Dnp3Connections {
  readonly #channels = new Map<string, Dnp3Channel>();
  readonly #sources = new Map<string, OutstationSource>();
  readonly #observed = new Map<Dnp3Channel, Map<number, Set<ObservedOutstation>>>();

  /** The connection to an address. What it takes at a time is what the first has asked for. */
  channel({ host, port, maxInFlight }: OutstationAddress): Dnp3Channel {
    return this.#shared(`${host}:${port}`, () => new Dnp3Channel({ host, port, maxInFlight }));
  }

  /** A serial line with outstations, of which one can speak at a time. */
  serialChannel(port: SerialPortSettings): Dnp3Channel {
    const { path: name } = port;
    return this.#shared(name, () => new Dnp3Channel({ name, openLine: () => openSerialPort(port) }));
  }

  /** Where a Thing's outstation is: begun with when it is the first, unless the Thing is passive. */
  to(config: Dnp3Config): OutstationSource {
    const { host, port, outstation, master: local } = config;
    const key = `${host}:${port} ${local} ${outstation}`;
    let source = this.#sources.get(key);
    if (!source) {
      source = config.passive ? this.#observe(config) : this.#associate(config);
      this.#sources.set(key, source);
    }
    return source;
  }

  /** An outstation has sent a packet to a master that shares the connection. */
  passed(channel: Dnp3Channel, packet: CarriedPacket): void {
    for (const outstation of this.#observed.get(channel)?.get(packet.source) ?? []) outstation.pass(packet);
  }

  async closeAll(): Promise<void> {
    const closed = Promise.all([...this.#sources.values()].map((source) => source.close()));
    for (const channel of this.#channels.values()) channel.close();
    this.#sources.clear();
    this.#observed.clear();
    this.#channels.clear();
    await closed;
  }

  #shared(key: string, make: () => Dnp3Channel): Dnp3Channel {
    let channel = this.#channels.get(key);
    if (!channel) {
      channel = make();
      this.#channels.set(key, channel);
    }
    return channel;
  }

  #associate(config: Dnp3Config): PolledOutstation {
    const master = this.#master(config);
    const { unsolicited, integrityMs, eventPollMs, timeSync } = config;
    master.channel.open();
    return new PolledOutstation(new Dnp3Association({ master, unsolicited, integrityMs, eventPollMs, timeSync }));
  }

  #observe(config: Dnp3Config): ObservedOutstation {
    const master = this.#master(config);
    const source = new ObservedOutstation(master);
    const outstations = this.#observed.get(master.channel) ?? new Map<number, Set<ObservedOutstation>>();
    outstations.set(config.outstation, (outstations.get(config.outstation) ?? new Set()).add(source));
    this.#observed.set(master.channel, outstations);
    return source;
  }

  #master(config: Dnp3Config): Dnp3Master {
    const { outstation: remote, master: local, timeoutMs, linkConfirm } = config;
    return new Dnp3Master({
      channel: this.channel(config),
      local,
      remote,
      timeoutMs,
      linkConfirm: linkConfirm ? { timeoutMs, retries: 2 } : undefined,
    });
  }
}
