import { createSocket } from 'node:dgram';
import openMdns, { type MulticastDNS } from 'multicast-dns';
import { FindingError, socketError } from './finding-error.ts';
import type { MdnsRecord } from './mdns-records.ts';
import type { NetworkLink } from './network-links.ts';
import { neighboursOf } from './on-link.ts';

export interface MdnsLinkOptions {
  /** IPv4 address of the network interface; or an IPv6 address, with the name of the interface behind a percent sign. */
  readonly address: string;
  /** 5353 but in tests. */
  readonly port?: number | undefined;
}

export interface MdnsQuestion {
  readonly name: string;
  /** `ANY` and all others. */
  readonly type: string;
  /** Is an answer to the asker alone enough? @see RFC 6762 §5.4 */
  readonly isForOne?: boolean;
}

/** Says which types of records there are of a name, and with that which not. @see RFC 6762 §6.1 */
export interface AbsenceRecord {
  readonly name: string;
  readonly type: 'NSEC';
  readonly ttl: number;
  readonly flush: boolean;
  readonly data: { readonly nextDomain: string; readonly rrtypes: readonly string[] };
}

export interface MdnsSource {
  readonly address: string;
  readonly port: number;
}

/** What came over the link. Records of types that DNS-SD does not need are left out. */
export interface MdnsMessage {
  readonly id: number;
  readonly isResponse: boolean;
  readonly questions: readonly MdnsQuestion[];
  /** Of a query: what who asks knows already. */
  readonly answers: readonly MdnsRecord[];
  /** Answers, what another one would like to call its own, and what is said in addition. */
  readonly records: readonly MdnsRecord[];
  /** Of a probe: what who asks would like to call its own. @see RFC 6762 §8.2 */
  readonly proposed: readonly MdnsRecord[];
  /** Does more of what the asker knows follow? @see RFC 6762 §7.2 */
  readonly isContinued: boolean;
  readonly source: MdnsSource;
}

const GROUP_IPV6 = 'ff02::fb';
/** Class IN with the bit that says so. @see RFC 6762 §5.4 */
const UNICAST_CLASS = 'UNKNOWN_32769';

/** Records taken from one packet: a packet has at most 9000 bytes, but a name can be one byte long. */
const MAX_RECORDS = 200;

/** Multicast DNS on one network interface. @see RFC 6762 */
export class MdnsLink {
  readonly #mdns: MulticastDNS;
  readonly #isNeighbour: (source: string) => boolean;

  private constructor(mdns: MulticastDNS, address: string) {
    this.#mdns = mdns;
    const [plain = '', zone] = address.split('%');
    const isNeighbour = neighboursOf(plain);
    // One socket hears all interfaces: what came by another is not for this one.
    this.#isNeighbour = (source) =>
      isNeighbour(source) && (zone === undefined || (source.split('%')[1] ?? zone) === zone);
  }

  /**
   * Opens a link for IPv4 and for IPv6, as far as the interface has them.
   * @throws FindingError where it can be opened for neither
   */
  static async openAll({ name, ipv4, ipv6 }: NetworkLink, port?: number): Promise<readonly MdnsLink[]> {
    const zoned = ipv6.find((address) => address.includes('%')) ?? (ipv6[0] && `${ipv6[0]}%${name}`);
    const opened: MdnsLink[] = [];
    let failure: FindingError | undefined;
    for (const address of [ipv4[0], zoned]) {
      if (address === undefined) continue;
      try {
        opened.push(await MdnsLink.open({ address, port }));
      } catch (error) {
        if (!(error instanceof FindingError)) throw error;
        failure ??= error;
      }
    }
    if (opened.length > 0) return opened;
    throw failure ?? new FindingError('unavailable', `mDNS on ${name}: the interface has no address`);
  }

  /** Sends over several links. @throws FindingError where none of them takes it */
  static async sendAll(links: readonly MdnsLink[], send: (link: MdnsLink) => Promise<void>): Promise<void> {
    const outcomes = await Promise.allSettled(links.map(send));
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
    // An interface may have addresses of a family, and no way to use them.
    if (failed.length > 0 && failed.length === outcomes.length) throw failed[0]?.reason;
  }

  /** @throws FindingError `not-permitted`, `unavailable` */
  static open({ address, port }: MdnsLinkOptions): Promise<MdnsLink> {
    return new Promise((resolve, reject) => {
      const mdns = openMdns({ ...socketOptions(address), ...(port !== undefined && { port }) });
      const fail = (error: NodeJS.ErrnoException) => {
        mdns.destroy();
        reject(socketError(`mDNS on ${address}`, error));
      };
      mdns.on('error', fail);
      // Before it is ready: the group can't be joined here. Later: a packet that can't be read.
      let refusal: Error | undefined;
      const warn = (warning: Error) => {
        refusal ??= warning;
      };
      mdns.on('warning', warn);
      mdns.once('ready', () => {
        mdns.off('warning', warn);
        if (refusal) fail(refusal);
        else resolve(new MdnsLink(mdns, address));
      });
    });
  }

  /** @param take is given every packet that can be read; others can't be told from noise */
  listen(take: (message: MdnsMessage) => void): void {
    this.#mdns.on('packet', (packet: Packet, source: MdnsSource) => {
      if (!this.#isNeighbour(source.address)) return;
      const records = (list: readonly unknown[]) => list.slice(0, MAX_RECORDS).flatMap(recordsIn);
      take({
        id: packet.id,
        isResponse: packet.type === 'response',
        questions: packet.questions.map((question) => ({ ...question, isForOne: question.class === UNICAST_CLASS })),
        answers: records(packet.answers),
        records: records([...packet.answers, ...packet.authorities, ...packet.additionals]),
        proposed: records(packet.authorities),
        isContinued: packet.flag_tc,
        source,
      });
    });
  }

  /**
   * @param known what need not be told again (RFC 6762 §7.1)
   * @param proposed what is to become one's own when nobody objects (RFC 6762 §8.2)
   */
  query(
    questions: readonly MdnsQuestion[],
    {
      known = [],
      proposed = [],
    }: { readonly known?: readonly MdnsRecord[]; readonly proposed?: readonly MdnsRecord[] } = {},
  ): Promise<void> {
    const packet = { questions, answers: known.map(withoutFlush), authorities: proposed.map(withoutFlush) };
    return this.#sent((done) => this.#mdns.query(packet as never, done));
  }

  /** Tells everybody. */
  respond(answers: readonly (MdnsRecord | AbsenceRecord)[], additionals: readonly MdnsRecord[] = []): Promise<void> {
    return this.#sent((done) => this.#mdns.respond({ answers, additionals } as never, done));
  }

  /** Tells one that takes part and has asked for that. @see RFC 6762 §5.4 */
  respondToOne({ source }: MdnsMessage, answers: readonly (MdnsRecord | AbsenceRecord)[], more: readonly MdnsRecord[]) {
    return this.#sent((done) => this.#mdns.respond({ answers, additionals: more } as never, source, done));
  }

  /** Tells one that does not take part in multicast DNS but asks like any resolver. @see RFC 6762 §6.7 */
  respondTo({ id, questions, source }: MdnsMessage, answers: readonly MdnsRecord[], more: readonly MdnsRecord[]) {
    const packet = { id, questions, answers: answers.map(withoutFlush), additionals: more.map(withoutFlush) };
    return this.#sent((done) => this.#mdns.respond(packet as never, source, done));
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#mdns.destroy(resolve));
  }

  #sent(send: (done: (error: Error | null) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      send((error) => (error ? reject(socketError('mDNS', error)) : resolve()));
    });
  }
}

interface Packet {
  readonly id: number;
  readonly type: string;
  readonly flag_tc: boolean;
  readonly questions: readonly (MdnsQuestion & { readonly class?: unknown })[];
  readonly answers: readonly unknown[];
  readonly authorities: readonly unknown[];
  readonly additionals: readonly unknown[];
}

/** What a socket for an interface is made of. */
function socketOptions(address: string) {
  const [plain = '', zone] = address.split('%');
  if (!plain.includes(':')) return { interface: plain, bind: '0.0.0.0' } as const;
  // Otherwise it would take the port for IPv4, too.
  const socket = createSocket({ type: 'udp6', reuseAddr: true, ipv6Only: true });
  return { type: 'udp6', ip: GROUP_IPV6, interface: `::%${zone}`, bind: '::', socket } as const;
}

function withoutFlush(record: MdnsRecord): MdnsRecord {
  return { ...record, flush: false };
}

/** The record, if it is of a type that is needed here. */
function recordsIn(answer: unknown): MdnsRecord[] {
  const {
    name,
    type,
    data,
    ttl = 0,
    flush = false,
  } = answer as Record<string, unknown> & { ttl?: number; flush?: boolean };
  if (typeof name !== 'string') return [];
  const head = { name, ttl, flush };
  if ((type === 'PTR' || type === 'A' || type === 'AAAA') && typeof data === 'string') return [{ ...head, type, data }];
  if (type === 'TXT') {
    const strings = (Array.isArray(data) ? data : [data]) as readonly unknown[];
    return [{ ...head, type, data: strings.map((part) => (Buffer.isBuffer(part) ? part.toString('utf8') : '')) }];
  }
  if (type !== 'SRV' || typeof data !== 'object' || data === null) return [];
  const { priority = 0, weight = 0, port, target } = data as Record<string, unknown>;
  if (typeof port !== 'number' || typeof target !== 'string') return [];
  return [{ ...head, type, data: { priority: Number(priority), weight: Number(weight), port, target } }];
}
