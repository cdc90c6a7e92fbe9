import type { ChannelResource, NcapResource, TimResource, TransducerAddress } from '@thingward/ieee1451/mcap';
import { CommandError, UsageError } from './errors.ts';

/** A place in the tree of an MCAP. */
export interface ResourcePlace {
  readonly ncap: NcapResource;
  readonly tim?: TimResource;
  readonly channel?: ChannelResource;
}

/**
 * The resource at a path of names, UUIDs or numbers: `NCAP`, `NCAP/TIM`, `NCAP/TIM/CHANNEL`. Where a part has no name of its own that
 * fits, the beginning of a UUID does.
 * @throws UsageError for a path of more parts; CommandError for what is not there, or not one thing
 */
export function findResource(ncaps: readonly NcapResource[], path: string): ResourcePlace {
  const [first = '', second, third, ...others] = path.split('/');
  if (others.length > 0) throw new UsageError(`"${path}" has more parts than NCAP/TIM/CHANNEL`);
  const ncap = one(ncaps, first, 'NCAP', ({ id }) => id);
  if (second === undefined) return { ncap };
  const tim = one(ncap.tims, second, `TIM of ${ncap.name}`, ({ id }) => id);
  if (third === undefined) return { ncap, tim };
  return { ncap, tim, channel: one(tim.channels, third, `channel of ${tim.name}`, ({ number }) => String(number)) };
}

/** @throws UsageError for an NCAP alone */
export function addressOf({ ncap, tim, channel }: ResourcePlace): TransducerAddress {
  if (!tim)
    throw new UsageError(
      `name a TIM or a channel of "${ncap.name}", as in "${ncap.name}/${ncap.tims[0]?.name ?? 'TIM'}/1"`,
    );
  return { ncap: ncap.id, tim: tim.id, ...(channel ? { channel: channel.number } : {}) };
}

function one<T extends { readonly name: string }>(
  items: readonly T[],
  text: string,
  what: string,
  idOf: (item: T) => string,
): T {
  const wanted = text.toLowerCase();
  const exact = items.filter((item) => idOf(item) === wanted || item.name === text);
  const similar = items.filter(
    (item) =>
      item.name.toLowerCase() === wanted ||
      (idOf(item).length > 5 && wanted.length > 3 && idOf(item).startsWith(wanted)),
  );
  const found = exact.length > 0 ? exact : similar;
  const [only] = found;
  if (only && found.length === 1) return only;
  const names = (found.length > 1 ? found : items).slice(0, 10).map((item) => `${item.name} (${idOf(item)})`);
  if (found.length > 1) throw new CommandError(`"${text}" is more than one ${what}: ${names.join(', ')}`);
  const known = names.length > 0 ? `there are ${names.join(', ')}` : 'there is none that you may read';
  throw new CommandError(`there is no ${what} "${text}": ${known}`);
}
