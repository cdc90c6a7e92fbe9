import type { FollowedThing } from '@thingward/things';
import { Jid, StanzaError } from '@thingward/xmpp';
import type { Kysely } from 'kysely';
import { thingColumns } from '../node-columns.ts';
import type { BrokerLimits } from './limits.ts';
import type { BrokerTables } from './tables.ts';

/** Who is told of changes. They are kept over restarts, and forgotten when they have not asked again for a while. */
export class Followers {
  readonly #database: Kysely<BrokerTables>;
  readonly #limits: BrokerLimits;

  constructor(database: Kysely<BrokerTables>, limits: BrokerLimits) {
    this.#database = database;
    this.#limits = limits;
  }

  /** @param follower full JID @returns until when @throws StanzaError resource-constraint */
  async add({ thing, node }: FollowedThing, follower: Jid, now: Date): Promise<Date> {
    const { followMs, followersPerThing, followersPerAccount } = this.#limits;
    const columns = thingColumns(thing, node);
    const account = follower.bare.toString();
    const until = now.getTime() + followMs;
    await this.#database.transaction().execute(async (transaction) => {
      await transaction
        .deleteFrom('broker_followers')
        .where(({ and }) => and({ ...columns }))
        .where(({ or, eb }) => or([eb('until', '<=', now.getTime()), eb('follower', '=', follower.toString())]))
        .execute();
      const others = await transaction
        .selectFrom('broker_followers')
        .select(['follower', 'account'])
        .where(({ and }) => and({ ...columns }))
        .orderBy('until')
        .execute();
      const own = others.filter((other) => other.account === account);
      // Sessions that ended without a word make room for new ones.
      const ended = own.slice(0, Math.max(0, own.length + 1 - followersPerAccount));
      for (const { follower: old } of ended) {
        await transaction
          .deleteFrom('broker_followers')
          .where(({ and }) => and({ ...columns, follower: old }))
          .execute();
      }
      if (others.length - ended.length >= followersPerThing) {
        throw new StanzaError('resource-constraint', `at most ${followersPerThing} follow one Thing`, { type: 'wait' });
      }
      await transaction
        .insertInto('broker_followers')
        .values({ ...columns, follower: follower.toString(), account, until })
        .execute();
    });
    return new Date(until);
  }

  async of({ thing, node }: FollowedThing, now: Date): Promise<readonly Jid[]> {
    const columns = thingColumns(thing, node);
    const rows = await this.#database
      .selectFrom('broker_followers')
      .select('follower')
      .where(({ and }) => and({ ...columns }))
      .where('until', '>', now.getTime())
      .execute();
    return rows.map(({ follower }) => Jid.parse(follower));
  }

  async remove({ thing, node }: FollowedThing, follower: Jid): Promise<void> {
    const columns = thingColumns(thing, node);
    await this.#database
      .deleteFrom('broker_followers')
      .where(({ and }) => and({ ...columns, follower: follower.toString() }))
      .execute();
  }

  /** What is told to it does not arrive any more. */
  async forget(follower: Jid): Promise<void> {
    await this.#database.deleteFrom('broker_followers').where('follower', '=', follower.toString()).execute();
  }
}
