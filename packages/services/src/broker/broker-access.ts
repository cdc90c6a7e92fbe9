import type { FollowedThing } from '@thingward/things';
import type { Jid } from '@thingward/xmpp';
import { thingColumns } from '../node-columns.ts';
import type { Owners } from '../provisioning/owners.ts';
import type { ReaderLists } from '../reader-list.ts';

export interface BrokerAccessOptions {
  readonly owners: Pick<Owners, 'ownerOf'>;
  readonly readers: ReaderLists<'broker_readers'>;
  readonly isAdministrator?: ((jid: Jid) => Promise<boolean>) | undefined;
}

/** Who may do what with the documents about a Thing. Whoever may change them may read them. */
export class BrokerAccess {
  readonly #options: BrokerAccessOptions;

  constructor(options: BrokerAccessOptions) {
    this.#options = options;
  }

  /** The account of the Thing, and its owner. */
  async mayChange(who: Jid, { thing, node }: FollowedThing): Promise<boolean> {
    if (who.bare.equals(thing.bare)) return true;
    return (await this.#options.owners.ownerOf(thingColumns(thing, node))) === who.bare.toString();
  }

  /** They, whom the Thing has named, and administrators. */
  async mayRead(who: Jid, about: FollowedThing): Promise<boolean> {
    const { readers, isAdministrator } = this.#options;
    return (
      (await this.mayChange(who, about)) ||
      (await readers.mayRead(who, about.thing, about.node)) ||
      ((await isAdministrator?.(who.bare)) ?? false)
    );
  }
}
