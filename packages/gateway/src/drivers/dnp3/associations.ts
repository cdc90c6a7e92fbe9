import { Dnp3Association, Dnp3Channel, Dnp3Master } from '@thingward/dnp3';
import type { Dnp3Config } from './config.ts';

/** One connection for each host and port, and one association for each outstation behind it: Things share them. */
export class Dnp3Associations {
  readonly #channels = new Map<string, Dnp3Channel>();
  readonly #associations = new Map<string, Dnp3Association>();

  /** The association with a Thing's outstation; `open` begins it when it is the first. */
  to(config: Dnp3Config): Dnp3Association {
    const { host, port, outstation, master: local, timeoutMs, linkConfirm, maxInFlight } = config;
    const key = `${host}:${port} ${local} ${outstation}`;
    const known = this.#associations.get(key);
    if (known) return known;
    const channel = this.#channel(host, port, maxInFlight);
    const master = new Dnp3Master({
      channel,
      local,
      remote: outstation,
      timeoutMs,
      linkConfirm: linkConfirm ? { timeoutMs, retries: 2 } : undefined,
    });
    const { unsolicited, integrityMs, eventPollMs, timeSync } = config;
    const association = new Dnp3Association({ master, unsolicited, integrityMs, eventPollMs, timeSync });
    this.#associations.set(key, association);
    association.open();
    return association;
  }

  async closeAll(): Promise<void> {
    const closed = Promise.all([...this.#associations.values()].map((association) => association.close()));
    for (const channel of this.#channels.values()) channel.close();
    this.#associations.clear();
    this.#channels.clear();
    await closed;
  }

  #channel(host: string, port: number, maxInFlight: number): Dnp3Channel {
    const key = `${host}:${port}`;
    let channel = this.#channels.get(key);
    if (!channel) {
      channel = new Dnp3Channel({ host, port, maxInFlight });
      this.#channels.set(key, channel);
      channel.open();
    }
    return channel;
  }
}
