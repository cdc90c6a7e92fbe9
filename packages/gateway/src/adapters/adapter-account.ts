import {
  ENTITY_TIME,
  encodeEntityTime,
  type Jid,
  PING,
  presence,
  type Received,
  Roster,
  serveDisco,
  servePing,
  type Unsubscribe,
  type XmppPeer,
} from '@thingward/xmpp';
import type { AccountConnection } from '../account-connection.ts';
import type { Devices, Door, EgressStatus, IngressStatus } from './ends.ts';

export interface AdapterAccountOptions {
  readonly client: AccountConnection;
  /** Such as `modbus`. */
  readonly protocols: readonly string[];
  readonly doors: (roster: Roster) => readonly Door[];
  readonly devices: Devices | undefined;
}

/** What one account does as an adapter: its masters' doors and its devices, and the presence that lets both ends find each other. */
export class AdapterAccount {
  readonly #options: AdapterAccountOptions;
  readonly #roster: Roster;
  readonly #doors: readonly Door[];
  #stops: Unsubscribe[] = [];

  constructor(options: AdapterAccountOptions) {
    this.#options = options;
    this.#roster = new Roster(options.client);
    this.#doors = options.doors(this.#roster);
  }

  get client(): AccountConnection {
    return this.#options.client;
  }

  get ingresses(): readonly IngressStatus[] {
    return this.#doors.map((door) => door.status());
  }

  get egress(): EgressStatus | undefined {
    return this.#options.devices?.status();
  }

  /** Opens the doors and lines, and connects. Rejects with the system's error when a door can't be opened. */
  async start(): Promise<void> {
    const { client, devices, protocols } = this.#options;
    this.#stops = [
      servePing(client),
      serveEntityTime(client),
      serveDisco(client, {
        identities: protocols.map((type) => ({ category: 'gateway', type })),
        features: [PING, ENTITY_TIME, ...(devices ? [devices.namespace] : [])],
      }),
      client.onPresence((received) => this.#presence(received)),
      this.#roster.onChange(() => this.#subscribe()),
    ];
    devices?.open();
    for (const door of this.#doors) await door.open();
    client.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#doors.map((door) => door.close()));
    this.#options.devices?.close();
    for (const stop of this.#stops) stop();
    await this.#options.client.stop();
  }

  /** Who is a master here may see where the devices are; who has our devices may see us. */
  #presence({ from, type }: Received): void {
    if (type !== 'subscribe') return;
    const { client, devices } = this.#options;
    const isKnown = [...(devices?.masters ?? []), ...this.#targets].some((jid) => jid.bare.equals(from.bare));
    client.send(presence(isKnown ? 'subscribed' : 'unsubscribed', { to: from.bare, from: client.jid.bare }));
  }

  /** Asks for the presence of the adapters at the devices, where that is not settled. */
  #subscribe(): void {
    if (!this.#roster.isLoaded || this.#options.client.state !== 'online') return;
    const { contacts } = this.#roster;
    for (const to of this.#targets) {
      const contact = contacts.get(to.bare.toString());
      if (contact?.ask || contact?.subscription === 'to' || contact?.subscription === 'both') continue;
      this.#roster.subscribe(to);
    }
  }

  get #targets(): readonly Jid[] {
    return this.#doors.flatMap(({ targets }) => targets);
  }
}

/** Says what time it is here. @see XEP-0202 */
function serveEntityTime(peer: XmppPeer): Unsubscribe {
  return peer.onIq('get', { name: 'time', namespace: ENTITY_TIME }, () => {
    const utc = new Date();
    return encodeEntityTime({ utc, offsetMinutes: -utc.getTimezoneOffset() });
  });
}
