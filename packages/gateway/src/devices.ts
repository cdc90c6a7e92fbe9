import { type MetaTag, type NodeReference, nodeKey } from '@thingward/things';
import type { Jid, Logger, XmppClient } from '@thingward/xmpp';
import { FollowedDocument } from './broker/followed-document.ts';
import { pointListOf, registerMapOf, withListedPoints, withRegisterMap } from './broker/point-documents.ts';
import { documentOfSource, type PointListDocument, referenceOf } from './broker/point-list-reference.ts';
import { type PointDevice, ReplaceableDevice } from './broker/replaceable-device.ts';
import { TedsPublisher } from './broker/teds-publisher.ts';
import type { ThingConfig } from './config.ts';
import type { DeviceConnections } from './drivers/connections.ts';
import type { Device } from './drivers/device.ts';
import { DirectIoDevice } from './drivers/direct-io/device.ts';
import type { Dnp3Point } from './drivers/dnp3/config.ts';
import { Dnp3Device } from './drivers/dnp3/device.ts';
import { NcapDevice } from './drivers/ieee1451/ncap-device.ts';
import { pointsOf, withPointList } from './drivers/listed-points.ts';
import type { ModbusConfig } from './drivers/modbus/config.ts';
import type { TrafficListener } from './drivers/modbus/connections.ts';
import { ModbusDevice } from './drivers/modbus/device.ts';
import { Ncap } from './ncap/ncap.ts';
import type { TransducerServices } from './ncap/transducer-services.ts';
import { type KeptDocument, StoredDocuments } from './state/document-store.ts';
import { ncapIdentity } from './state/ncap-identity.ts';
import type { StateDatabase } from './state/state-database.ts';

/** What the devices have according to their configuration and the files it names. */
export interface ListedPoints {
  readonly points: ReadonlyMap<ThingConfig, readonly Dnp3Point[]>;
  readonly registerMaps: ReadonlyMap<ThingConfig, ModbusConfig>;
}

/** Reads the files. @throws GatewayConfigError */
export function listedPoints(things: readonly ThingConfig[], baseDirectory: string): ListedPoints {
  return {
    points: new Map(
      things.flatMap((thing) =>
        thing.driver === 'dnp3-tcp' ? [[thing, pointsOf(thing.dnp3, baseDirectory)] as const] : [],
      ),
    ),
    registerMaps: new Map(
      things.flatMap((thing) =>
        thing.driver === 'modbus-tcp' ? [[thing, withPointList(thing.modbus, baseDirectory)] as const] : [],
      ),
    ),
  };
}

export interface DevicesOptions {
  readonly lists: ListedPoints;
  readonly connections: DeviceConnections;
  readonly state: StateDatabase;
  /** Undefined: no lists are had from there, and no TEDS are put there. */
  readonly broker: Jid | undefined;
}

/** Makes the devices of a gateway by their drivers, with what they take from the service broker and what they listen on. */
export class Devices {
  readonly #options: DevicesOptions;
  readonly #ncaps = new Map<ThingConfig, Ncap>();
  /** Lists of points that come from the broker. */
  readonly #documents: FollowedDocument[] = [];
  /** They put the TEDS of TIMs to the broker. */
  readonly #publishers: TedsPublisher[] = [];

  constructor(options: DevicesOptions) {
    this.#options = options;
  }

  /** The NCAPs among them, each with its TIMs. */
  get ncaps(): readonly TransducerServices[] {
    return [...this.#ncaps.values()];
  }

  ncapOf(thing: ThingConfig): TransducerServices | undefined {
    return this.#ncaps.get(thing);
  }

  /** @param client the connection of its account, which speaks to the broker for it */
  make(thing: ThingConfig, metaTags: readonly MetaTag[], client: XmppClient, log: Logger): Device {
    const node = thing.node as NodeReference | undefined;
    const parent = thing.parent as NodeReference | undefined;
    if (thing.driver === 'direct-io') {
      return new DirectIoDevice({ node, parent, metaTags, config: thing.directIo, pollMs: thing.pollMs });
    }
    if (thing.driver === 'ieee1451') return this.#ncapDevice(thing, metaTags, client, log);
    if (thing.driver === 'dnp3-tcp') {
      const { dnp3 } = thing;
      const source = this.#options.connections.dnp3.to(dnp3);
      const make = (points: readonly Dnp3Point[]) =>
        new Dnp3Device({ node, parent, metaTags, config: dnp3, points, source, log });
      const points = this.#options.lists.points.get(thing) ?? [];
      const document = documentOfSource(dnp3.pointList);
      if (!document) return make(points);
      return this.#followed(thing, 'point-list', document, client, log, make(points), ({ content, mediaType }) => {
        const device = make(withListedPoints(points, pointListOf(content, mediaType), document.writable));
        // It knows no values before it has asked for all.
        void device.readParameters([]).catch(() => undefined);
        return device;
      });
    }
    const { modbus } = thing;
    const lines = this.#options.connections.modbus;
    const line = lines.to(modbus);
    const traffic = (listener: TrafficListener) => lines.observe(line, modbus.unit, listener);
    const make = (config: ModbusConfig) =>
      new ModbusDevice({ node, parent, metaTags, config, client: line, traffic, log });
    const document = documentOfSource(modbus.pointList);
    if (!document) return make(this.#options.lists.registerMaps.get(thing) ?? modbus);
    return this.#followed(thing, 'register-map', document, client, log, make(modbus), ({ content, mediaType }) =>
      make(withRegisterMap(modbus, registerMapOf(content, mediaType), document.writable)),
    );
  }

  followBroker(): void {
    for (const following of [...this.#documents, ...this.#publishers]) following.start();
  }

  async leaveBroker(): Promise<void> {
    await Promise.all([...this.#documents, ...this.#publishers].map((following) => following.stop()));
  }

  /** TIMs may come from now on. */
  openDoors(): void {
    for (const ncap of this.#ncaps.values()) ncap.start();
  }

  async closeDoors(): Promise<void> {
    await Promise.all([...this.#ncaps.values()].map((ncap) => ncap.stop()));
  }

  #ncapDevice(
    thing: Extract<ThingConfig, { driver: 'ieee1451' }>,
    metaTags: readonly MetaTag[],
    client: XmppClient,
    log: Logger,
  ): Device {
    const node = thing.node as NodeReference | undefined;
    const parent = thing.parent as NodeReference | undefined;
    const id = ncapIdentity(this.#options.state, thing.account.jid.toString(), nodeKey(node));
    const { name, ieee1451: config } = thing;
    const ncap = new Ncap({ id, name, config, sourceId: node?.sourceId, log });
    this.#ncaps.set(thing, ncap);
    const { broker } = this.#options;
    if (broker) {
      this.#publishers.push(new TedsPublisher({ peer: client, broker, services: ncap, log }));
    }
    return new NcapDevice({ node, parent, metaTags, config, ncap, log });
  }

  /**
   * A device whose points are listed at the broker: as they were last, until there is another list.
   * @param first has the points of the configuration
   * @param next the device by a list @throws PointListError (of `next`) when it can't be used
   */
  #followed(
    { account, node }: ThingConfig,
    kind: 'register-map' | 'point-list',
    document: PointListDocument,
    peer: XmppClient,
    log: Logger,
    first: PointDevice,
    next: (document: KeptDocument) => PointDevice,
  ): Device {
    const device = new ReplaceableDevice(first, log);
    const { broker, state } = this.#options;
    if (!broker) return device;
    const followed = new FollowedDocument({
      peer,
      broker,
      reference: referenceOf(kind, document, { thing: account.jid, node: node as NodeReference | undefined }),
      store: new StoredDocuments(state, account.jid.toString()),
      apply: (found) => device.replace(next(found)),
      log,
    });
    followed.load();
    this.#documents.push(followed);
    return device;
  }
}
