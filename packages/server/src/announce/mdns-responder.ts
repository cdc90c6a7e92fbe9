import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@thingward/xmpp';
import {
  isName,
  MdnsLink,
  type MdnsMessage,
  type MdnsQuestion,
  type MdnsRecord,
  type MdnsService,
  mdnsRecords,
} from '@thingward/xmpp/finding';

export interface MdnsResponderOptions {
  /** IPv4 address of the network interface. */
  readonly address: string;
  /** 5353 but in tests. */
  readonly port?: number | undefined;
  /** Name of the machine; another one is taken where it is taken. */
  readonly machine: string;
  readonly domain: string;
  /** The doors that can be reached here; they may change. */
  readonly doors: () => MdnsService['doors'];
  readonly log: Logger;
  /** Ends what start does before it has settled. */
  readonly signal: AbortSignal;
  /** For tests, which do not wait. */
  readonly pause?: (milliseconds: number) => Promise<unknown>;
}

/** @see RFC 6762 §8.1, §8.3 */
const PROBES = 3;
const PROBE_PAUSE_MS = 250;
const ANNOUNCEMENTS = 2;
const ANNOUNCEMENT_PAUSE_MS = 1000;
/** Names tried before the server gives up: as many machines of one name are a fault somewhere. */
const MAX_NAMES = 20;
/** What who does not take part in multicast DNS may keep an answer for. @see RFC 6762 §6.7 */
const LEGACY_TTL_SECONDS = 10;
const MDNS_PORT = 5353;

/** Tells one link by multicast DNS where the server is. @see XEP-0347 §3.3.2, RFC 6762, RFC 6763 */
export class MdnsResponder {
  readonly #options: MdnsResponderOptions;
  readonly #link: MdnsLink;
  readonly #pause: (milliseconds: number) => Promise<unknown>;
  #machine: string;
  /** Does somebody else have the name that is being tried? */
  #isTaken = false;
  #isEstablished = false;

  private constructor(link: MdnsLink, options: MdnsResponderOptions) {
    this.#options = options;
    this.#link = link;
    this.#machine = options.machine;
    const { signal } = options;
    this.#pause = options.pause ?? ((milliseconds) => delay(milliseconds, undefined, { signal, ref: false }));
  }

  /** Finds a name that is free, and announces the server. @throws FindingError */
  static async start(options: MdnsResponderOptions): Promise<MdnsResponder> {
    const link = await MdnsLink.open(options);
    const responder = new MdnsResponder(link, options);
    try {
      link.listen((message) => responder.#take(message));
      await responder.#establish();
      return responder;
    } catch (error) {
      if (options.signal.aborted) return responder;
      await link.close();
      throw error;
    }
  }

  /** The name that was free. */
  get machine(): string {
    return this.#machine;
  }

  /** Says goodbye. @see RFC 6762 §10.1 */
  async stop(): Promise<void> {
    try {
      if (this.#isEstablished) await this.#link.respond(this.#records.map((record) => ({ ...record, ttl: 0 })));
    } catch (error) {
      this.#options.log.debug({ reason: (error as Error).message }, 'mDNS: no goodbye could be said');
    }
    await this.#link.close();
  }

  get #records(): readonly MdnsRecord[] {
    const { domain, address, doors } = this.#options;
    return mdnsRecords({ machine: this.#machine, domain, addresses: [address], doors: doors() });
  }

  async #establish(): Promise<void> {
    for (let attempt = 0; attempt < MAX_NAMES; attempt++) {
      this.#machine = attempt === 0 ? this.#options.machine : `${this.#options.machine}-${attempt}`;
      if (!(await this.#isFree())) continue;
      this.#isEstablished = true;
      for (let i = 0; i < ANNOUNCEMENTS; i++) {
        if (i > 0) await this.#pause(ANNOUNCEMENT_PAUSE_MS);
        await this.#link.respond(this.#records);
      }
      return;
    }
    const { log, machine } = this.#options;
    log.warn({ machine }, 'mDNS: the name and all those like it are taken on this link; the server is not announced');
  }

  /** @see RFC 6762 §8.1 */
  async #isFree(): Promise<boolean> {
    this.#isTaken = false;
    const own = this.#records.filter(({ flush }) => flush);
    const questions = [...new Set(own.map(({ name }) => name))].map((name) => ({ name, type: 'ANY' }));
    for (let probe = 0; probe < PROBES && !this.#isTaken; probe++) {
      await this.#link.query(questions, { proposed: own });
      await this.#pause(PROBE_PAUSE_MS);
    }
    return !this.#isTaken;
  }

  #take(message: MdnsMessage): void {
    if (message.isResponse) {
      if (!this.#isEstablished && this.#contradicts(message)) this.#isTaken = true;
      return;
    }
    if (!this.#isEstablished) return;
    const records = this.#records;
    const isLegacy = message.source.port !== (this.#options.port ?? MDNS_PORT);
    const asked = records.filter((record) => message.questions.some((question) => asksFor(question, record)));
    const answers = isLegacy
      ? asked
      : asked.filter((record) => !message.answers.some((known) => isKnown(known, record)));
    if (answers.length === 0) return;
    const more = additionalTo(answers, records);
    const sent = isLegacy
      ? this.#link.respondTo(message, answers.map(shortLived), more.map(shortLived))
      : this.#link.respond(answers, more);
    sent.catch((error: Error) => this.#options.log.debug({ reason: error.message }, 'mDNS: no answer could be sent'));
  }

  /** Does another one have a name that is to be ours, with other data? @see RFC 6762 §8.1, §9 */
  #contradicts({ answers }: MdnsMessage): boolean {
    const own = this.#records.filter(({ flush }) => flush);
    return answers.some((theirs) => {
      const same = own.filter((ours) => isName(theirs, ours.name) && theirs.type === ours.type);
      return theirs.ttl > 0 && same.length > 0 && !same.some((ours) => isSameData(theirs, ours));
    });
  }
}

function asksFor({ name, type }: MdnsQuestion, record: MdnsRecord): boolean {
  return isName(record, name) && (type === 'ANY' || type === record.type);
}

/** Nobody needs to be told what they know for at least half its life. @see RFC 6762 §7.1 */
function isKnown(known: MdnsRecord, record: MdnsRecord): boolean {
  return isName(known, record.name) && isSameData(known, record) && known.ttl * 2 >= record.ttl;
}

function isSameData(a: MdnsRecord, b: MdnsRecord): boolean {
  return (
    a.type === b.type && JSON.stringify(sorted(a.data)).toLowerCase() === JSON.stringify(sorted(b.data)).toLowerCase()
  );
}

function sorted(data: MdnsRecord['data']): unknown {
  return typeof data === 'object' && !Array.isArray(data) ? Object.entries(data).sort() : data;
}

/** What whoever gets these will ask next. @see RFC 6763 §12 */
function additionalTo(answers: readonly MdnsRecord[], records: readonly MdnsRecord[]): readonly MdnsRecord[] {
  const wanted = new Set<MdnsRecord>();
  const follow = (record: MdnsRecord): void => {
    const next = record.type === 'PTR' ? record.data : record.type === 'SRV' ? record.data.target : undefined;
    for (const other of records) {
      if (next === undefined || !isName(other, next) || other.type === 'PTR' || wanted.has(other)) continue;
      wanted.add(other);
      follow(other);
    }
  };
  for (const answer of answers) follow(answer);
  return [...wanted].filter((record) => !answers.includes(record));
}

function shortLived(record: MdnsRecord): MdnsRecord {
  return { ...record, ttl: Math.min(record.ttl, LEGACY_TTL_SECONDS) };
}
