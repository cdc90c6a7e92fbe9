import { discoInfo, discoItems, Jid, PeerError, StanzaError, type XmppPeer } from '@thingward/xmpp';
import { PROVISIONING_DIALECTS } from './dialects.ts';

const TIMEOUT_MS = 5000;
/** Components of a server that are looked at. */
const MAX_COMPONENTS = 100;

export interface FindOptions {
  /** It may be the provisioning server, too, and is asked first. */
  readonly registry?: Jid | undefined;
  readonly timeoutMs?: number | undefined;
}

/** Does somebody say that it is a provisioning server? One that gives no answer is none. @throws PeerError @see XEP-0324 §4 */
export async function isProvisioningServer(peer: XmppPeer, jid: Jid, timeoutMs = TIMEOUT_MS): Promise<boolean> {
  try {
    const { features } = await discoInfo(peer, jid, { timeoutMs });
    return PROVISIONING_DIALECTS.some(({ namespace }) => features.includes(namespace));
  } catch (error) {
    if (error instanceof PeerError) throw error;
    return false;
  }
}

/**
 * The provisioning server that goes with the server a peer is connected to: its registry, or one of its components. They belong to whoever
 * runs the server, so no friendship is needed. One that is an account has to be named.
 * @returns undefined when there is none
 * @throws StanzaError when the server can't be asked; PeerError
 * @see XEP-0347 §3.12, XEP-0324 §3.1.2
 */
export async function findProvisioningServer(peer: XmppPeer, options: FindOptions = {}): Promise<Jid | undefined> {
  const { registry, timeoutMs = TIMEOUT_MS } = options;
  if (registry && (await isProvisioningServer(peer, registry, timeoutMs))) return registry;
  const domain = Jid.parse(peer.jid.domain);
  const items = await discoItems(peer, domain, { timeoutMs });
  // What is elsewhere is somebody else's, whatever the server says of it.
  const components = items.flatMap(({ jid }) => (isComponentOf(jid, domain) ? [jid] : [])).slice(0, MAX_COMPONENTS);
  const answers = await Promise.all(components.map((jid) => isProvisioningServer(peer, jid, timeoutMs)));
  return components.find((_, i) => answers[i]);
}

function isComponentOf(jid: Jid, domain: Jid): boolean {
  return jid.local === undefined && jid.resource === undefined && jid.domain.endsWith(`.${domain.domain}`);
}

/** For who looks for one and finds none. */
export function noProvisioningServer(peer: XmppPeer): StanzaError {
  return new StanzaError('remote-server-not-found', `${peer.jid.domain} has no provisioning server`);
}
