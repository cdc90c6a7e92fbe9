import type { Sample } from '@thingward/ieee1451';
import type { ChannelAddress } from '@thingward/ieee1451/mcap';
import type { NodeReference } from '@thingward/things';
import type { Jid } from '@thingward/xmpp';

/** Who may do what with the Things that TIMs and channels are, and others: the same as when they ask without an MCAP. */
export interface NcapAccess {
  /** Bare JIDs that may read all of a Thing, as far as is known. @param node undefined: the account itself */
  readers(node: NodeReference | undefined): Promise<readonly Jid[]>;
  /** All of it. */
  mayRead(requester: Jid, node: NodeReference | undefined): Promise<boolean>;
  /** All of it; policies are not asked yet. */
  mayControl(requester: Jid, node: NodeReference | undefined): Promise<boolean>;
  /** Asks the policies about one write, which may count and record it. */
  mayWrite(requester: Jid, node: NodeReference, address: ChannelAddress, samples: readonly Sample[]): Promise<boolean>;
  /** Calls back when what it says may have changed. */
  onChange(handler: () => void): () => void;
}
