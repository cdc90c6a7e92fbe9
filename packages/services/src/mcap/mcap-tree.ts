import { decodeDiscover, encodeResources, type NcapResource, type TransducerAddress } from '@thingward/ieee1451/mcap';
import type { Element } from '@thingward/xml';
import {
  encodeResultSetPage,
  findResultSetRequest,
  type Jid,
  type ResultSetPage,
  type ResultSetRequest,
  StanzaError,
} from '@thingward/xmpp';
import { decoded } from './decoded.ts';
import type { McapLimits } from './limits.ts';
import type { ResourceStore, StoredNcap } from './resource-store.ts';
import { findChannel, type Readable, visibleNcap } from './visible.ts';

/** The tree of NCAPs as each who asks may see it. What it can't see or what is not there is the same. */
export class McapTree {
  readonly #store: ResourceStore;
  readonly #limits: McapLimits;
  readonly #administrates: ((jid: Jid) => Promise<boolean>) | undefined;

  /** @param administrates who sees all of it */
  constructor(store: ResourceStore, limits: McapLimits, administrates: ((jid: Jid) => Promise<boolean>) | undefined) {
    this.#store = store;
    this.#limits = limits;
    this.#administrates = administrates;
  }

  /** Answers a `discover`. @throws StanzaError */
  async discover(from: Jid, payload: Element): Promise<Element> {
    const { ncap: id, tim } = decoded(decodeDiscover, payload);
    if (tim !== undefined && id === undefined) throw new StanzaError('bad-request', 'a TIM is named with its NCAP');
    if (id !== undefined) {
      const { ncap } = await this.find(from, id);
      if (tim === undefined) return encodeResources([ncap]);
      const tims = ncap.tims.filter((one) => one.id === tim);
      if (tims.length === 0) throw new StanzaError('item-not-found', `there is no TIM ${tim}`);
      return encodeResources([{ ...ncap, tims, things: [] }]);
    }
    const { ncaps, page } = await this.page(from, findResultSetRequest(payload) ?? {});
    return encodeResources(ncaps).append(encodeResultSetPage(page));
  }

  /** As many NCAPs as an answer holds. @throws StanzaError `feature-not-implemented` for pages by index @see XEP-0059 */
  async page(
    from: Jid,
    part: ResultSetRequest,
  ): Promise<{ readonly ncaps: readonly NcapResource[]; readonly page: ResultSetPage }> {
    if (part.index !== undefined)
      throw new StanzaError('feature-not-implemented', 'pages are asked for by after or before');
    const most = Math.min(part.max ?? this.#limits.ncapsPerAnswer, this.#limits.ncapsPerAnswer);
    const reader = (await this.#isAdministrator(from)) ? undefined : from.bare.toString();
    const { found, count, index } = await this.#store.page(reader, part, most);
    const ncaps = await this.#fitting(from, found, part.before !== undefined);
    const skipped = part.before === undefined ? 0 : found.length - ncaps.length;
    const [first, last] = [ncaps[0]?.id, ncaps.at(-1)?.id];
    return { ncaps, page: { first, last, count, ...(first === undefined ? {} : { index: index + skipped }) } };
  }

  /** As many NCAPs as an answer holds, one at least. */
  async #fitting(from: Jid, found: readonly StoredNcap[], isFromEnd: boolean): Promise<readonly NcapResource[]> {
    const fitting: NcapResource[] = [];
    let bytes = 0;
    for (const { ncap } of isFromEnd ? found.toReversed() : found) {
      const seen = visibleNcap(ncap, await this.readable(ncap.id, from)) ?? { ...ncap, tims: [], things: [] };
      bytes += Buffer.byteLength(encodeResources([seen]).toString());
      if (fitting.length > 0 && bytes > this.#limits.answerBytes) break;
      fitting.push(seen);
    }
    return isFromEnd ? fitting.reverse() : fitting;
  }

  /** An NCAP as somebody sees it. @throws StanzaError `item-not-found` */
  async find(from: Jid, id: string): Promise<StoredNcap> {
    const stored = await this.#store.find(id);
    const isOwn = stored?.address.bare.equals(from.bare);
    const seen = stored && visibleNcap(stored.ncap, isOwn ? 'all' : await this.readable(id, from));
    if (!stored || !seen) throw new StanzaError('item-not-found', `there is no NCAP ${id}`);
    return { ...stored, ncap: seen };
  }

  /** The NCAP of a TIM or channel that somebody sees. @throws StanzaError `item-not-found` */
  async findAddressed(from: Jid, { ncap: id, tim, channel = 0 }: TransducerAddress): Promise<StoredNcap> {
    const stored = await this.find(from, id);
    const found = stored.ncap.tims.find((one) => one.id === tim);
    if (!found) throw new StanzaError('item-not-found', `there is no TIM ${tim}`);
    if (channel !== 0 && !findChannel(stored.ncap, tim, channel)) {
      throw new StanzaError('item-not-found', `there is no channel ${channel} of the TIM ${tim}`);
    }
    return stored;
  }

  /** What somebody may read of an NCAP. */
  async readable(ncap: string, jid: Jid): Promise<Readable> {
    if (await this.#isAdministrator(jid)) return 'all';
    return this.#store.readable(ncap, jid.bare.toString());
  }

  async #isAdministrator(jid: Jid): Promise<boolean> {
    return (await this.#administrates?.(jid.bare)) ?? false;
  }
}
