import { type McapReaders, type NcapResource, nodesOf } from '@thingward/ieee1451/mcap';
import { Jid, StanzaError } from '@thingward/xmpp';
import type { McapLimits } from './limits.ts';

/** @throws StanzaError `bad-request`, `policy-violation` for more than is kept */
export function checkAnnouncement(ncap: NcapResource, limits: McapLimits): void {
  const { tims, things, name, protocol = '' } = ncap;
  const nodes = nodesOf(ncap);
  if (nodes.length > limits.resourcesPerNcap) {
    throw new StanzaError(
      'policy-violation',
      `an NCAP has at most ${limits.resourcesPerNcap} TIMs, channels and other Things together`,
    );
  }
  const names = [
    name,
    protocol,
    ...tims.flatMap((tim) => [tim.name, ...tim.channels.map((channel) => channel.name)]),
    ...things.flatMap((thing) => [thing.name ?? '', thing.protocol ?? '']),
    ...nodes.flatMap((node) => [node?.nodeId ?? '', node?.sourceId ?? '', node?.cacheType ?? '']),
  ];
  if (names.some((text) => text.length > limits.nameCharacters)) {
    throw new StanzaError('policy-violation', `names and nodes have at most ${limits.nameCharacters} characters`);
  }
  requireUnique(tims, ({ id }) => id, 'two TIMs have the UUID');
  for (const { id, channels } of tims) {
    requireUnique(channels, ({ number }) => String(number), `two channels of the TIM ${id} have the number`);
  }
}

/** The readers as bare JIDs. @throws StanzaError `bad-request`, `policy-violation` */
export function checkReaders(readers: McapReaders, limits: McapLimits): McapReaders {
  if (readers.readers.length > limits.readersPerThing) {
    throw new StanzaError('policy-violation', `a Thing has at most ${limits.readersPerThing} readers`);
  }
  const bare = readers.readers.map((text) => {
    const jid = Jid.tryParse(text);
    if (!jid) throw new StanzaError('bad-request', `"${text.slice(0, 60)}" is no JID`);
    return jid.bare.toString();
  });
  return { ...readers, readers: [...new Set(bare)] };
}

function requireUnique<T>(items: readonly T[], keyOf: (item: T) => string, what: string): void {
  const seen = new Set<string>();
  for (const item of items) {
    const key = keyOf(item);
    if (seen.has(key)) throw new StanzaError('bad-request', `${what} ${key}`);
    seen.add(key);
  }
}
