import openMdns, { type MulticastDNS } from 'multicast-dns';
import { socketError } from './finding-error.ts';
import type { MdnsRecord } from './mdns-records.ts';

export interface MdnsLinkOptions {
  /** IPv4 address of the network interface. */
  readonly address: string;
  /** 5353 but in tests. */
  readonly port?: number | undefined;
}

export interface MdnsQuestion {
  readonly name: string;
  /** `ANY` and all others. */
  readonly type: string;
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
  readonly source: MdnsSource;
}

/** Records taken from one packet: a packet has at most 9000 bytes, but a name can be one byte long. */
const MAX_RECORDS = 200;

/** Multicast DNS on one network interface. @see RFC 6762 */
export class MdnsLink {
  readonly #mdns: MulticastDNS;

  private constructor(mdns: MulticastDNS) {
    this.#mdns = mdns;
  }

  /** @throws FindingError `not-permitted`, `unavailable` */
  static open({ address, port }: MdnsLinkOptions): Promise<MdnsLink> {
    return new Promise((resolve, reject) => {
      const mdns = openMdns({ interface: address, bind: '0.0.0.0', ...(port !== undefined && { port }) });
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
        else resolve(new MdnsLink(mdns));
      });
    });
  }

  /** @param take is given every packet that can be read; others can't be told from noise */
  listen(take: (message: MdnsMessage) => void): void {
    this.#mdns.on('packet', (packet: Packet, source: MdnsSource) => {
      const records = (list: readonly unknown[]) => list.slice(0, MAX_RECORDS).flatMap(recordsIn);
      take({
        id: packet.id,
        isResponse: packet.type === 'response',
        questions: packet.questions,
        answers: records(packet.answers),
        records: records([...packet.answers, ...packet.authorities, ...packet.additionals]),
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
  respond(answers: readonly MdnsRecord[], additionals: readonly MdnsRecord[] = []): Promise<void> {
    return this.#sent((done) => this.#mdns.respond({ answers, additionals } as never, done));
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
  readonly questions: readonly MdnsQuestion[];
  readonly answers: readonly unknown[];
  readonly authorities: readonly unknown[];
  readonly additionals: readonly unknown[];
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
