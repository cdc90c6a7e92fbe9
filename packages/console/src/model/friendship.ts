import type { MetaTag } from '@thingward/things';
import type { Jid } from '@thingward/xmpp';
import type { Connection } from './connection.ts';

/** The name that a Thing's tags give it; undefined when they give none. */
export function nameOf(tags: readonly MetaTag[]): string | undefined {
  const tag = tags.find(({ name }) => name === 'NAME');
  return tag === undefined ? undefined : String(tag.value);
}

/** Asks a Thing for its presence, and lists it under the name its tags give it. @throws PeerError, StanzaError */
export async function befriendThing(connection: Connection, thing: Jid, tags: readonly MetaTag[]): Promise<void> {
  connection.befriend(thing);
  const name = nameOf(tags);
  if (name !== undefined) await connection.rename(thing, name);
}
