import { discoInfo, discoItems, Jid, type RequestOptions, StanzaError, type XmppPeer } from '@thingward/xmpp';
import { DISCOVERY_DIALECTS } from './dialects.ts';

/** Components that are asked whether they are a Thing Registry. */
const MAX_ASKED = 100;

/**
 * How to come by the Thing Registry: its address, the first label of its domain below the server's, the name of its account at the
 * server, or by asking the components of the server.
 * @see XEP-0347 §3.5
 */
export type RegistryChoice = Jid | { readonly subdomain: string } | { readonly user: string } | 'search';

/** The address that is known beforehand; undefined: it is to be searched for. @param server the domain of the XMPP server */
export function chosenRegistry(choice: RegistryChoice, server: string): Jid | undefined {
  if (choice === 'search') return undefined;
  if ('subdomain' in choice) return Jid.parse(`${choice.subdomain}.${server}`);
  return 'user' in choice ? Jid.parse(`${choice.user}@${server}`) : choice;
}

/**
 * The first component of the server that says it is a Thing Registry; undefined: none does.
 * @throws StanzaError when the server does not tell its components; PeerError
 * @see XEP-0347 §3.5, §4
 */
export async function findRegistry(
  peer: XmppPeer,
  server: Jid,
  options: RequestOptions = { timeoutMs: 5000 },
): Promise<Jid | undefined> {
  const items = (await discoItems(peer, server, options)).slice(0, MAX_ASKED);
  const are = await Promise.all(items.map(({ jid }) => isRegistry(peer, jid, options)));
  return items.find((_, i) => are[i])?.jid;
}

async function isRegistry(peer: XmppPeer, jid: Jid, options: RequestOptions): Promise<boolean> {
  try {
    const { features } = await discoInfo(peer, jid, options);
    return DISCOVERY_DIALECTS.some(({ namespace }) => features.includes(namespace));
  } catch (error) {
    // One that does not answer is none; another may be.
    if (error instanceof StanzaError) return false;
    throw error;
  }
}
