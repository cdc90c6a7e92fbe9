import { setBrokerReaders, setReaders, type Thing } from '@thingward/things';
import { type Jid, StanzaError, type XmppPeer } from '@thingward/xmpp';

/** A service that is told who may read a Thing. */
export interface InformedService {
  /** For people. */
  readonly title: string;
  /** Where it is not there, nothing is missing. */
  readonly isOptional: boolean;
  readonly tell: (thing: Thing, readers: readonly Jid[], signal: AbortSignal) => Promise<void>;
}

export interface InformedServicesOptions {
  readonly client: XmppPeer;
  readonly history: Jid | undefined;
  readonly broker?: Jid | undefined;
  readonly ownerOf: (thing: Thing) => Jid | undefined;
}

/** Services that are told who may read a Thing. */
export function informedServices({
  client,
  history,
  broker,
  ownerOf,
}: InformedServicesOptions): readonly InformedService[] {
  const services: InformedService[] = [];
  if (history) {
    services.push({
      title: 'history service',
      isOptional: false,
      tell: ({ node }, readers, signal) => setReaders(client, history, node, readers, { signal }),
    });
  }
  if (broker) {
    services.push({
      title: 'service broker',
      isOptional: true,
      tell: (thing, readers, signal) =>
        setBrokerReaders(client, broker, { node: thing.node, readers, owner: ownerOf(thing) }, { signal }),
    });
  }
  return services;
}

/** The server has no such service. */
export function isAbsent(error: unknown): boolean {
  const conditions = ['service-unavailable', 'remote-server-not-found', 'item-not-found', 'feature-not-implemented'];
  return error instanceof StanzaError && conditions.includes(error.condition);
}
