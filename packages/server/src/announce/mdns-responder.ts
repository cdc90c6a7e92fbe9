import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@thingward/xmpp';
import {
  compareProposals,
  isName,
  MdnsLink,
  type MdnsMessage,
  type MdnsRecord,
  type MdnsService,
  mdnsRecords,
  type NetworkLink,
} from '@thingward/xmpp/finding';
import { absencesFor, additionalTo, asksFor, isKnown, isSameData, shortLived } from './mdns-answers.ts';

export interface MdnsResponderOptions {
  /** The network interface: it is announced by IPv4 and by IPv6, as far as it has them. */
  readonly link: NetworkLink;
  /** 5353 but in tests. */
  readonly port?: number | undefined;
  /** Name of the machine; another one is taken where it is taken. */
  readonly machine: string;
  readonly domain: string;
  /** The doors that can be reached here, and at which addresses; they may change. */
  readonly service: () => Pick<MdnsService, 'doors' | 'addresses'>;
  readonly log: Logger;
  /** Ends what start does before it has settled. */
  readonly signal: AbortSignal;
  /** For tests, which do not wait. */
  readonly pause?: (milliseconds: number) => Promise<unknown>;
  readonly random?: () => number;
  /** In ms. */
  readonly now?: () => number;
}

/** @see RFC 6762 §8.1, §8.2, §8.3 */
const PROBES = 3;
const PROBE_PAUSE_MS = 250;
const LOST_PAUSE_MS = 1000;
const ANNOUNCEMENTS = 2;
const ANNOUNCEMENT_PAUSE_MS = 1000;
/** So many conflicts in so short a time, and each further attempt waits. @see RFC 6762 §8.1 */
const MANY_CONFLICTS = 15;
const MANY_WITHIN_MS = 10_000;
const MANY_PAUSE_MS = 5000;
/** Names tried before the server gives up: as many machines of one name are a fault somewhere. */
const MAX_NAMES = 20;
/** Ties lost for one name before another is tried. */
const MAX_TIES = 10;
/** Others may have the same to say: their answers are not to come all at once. @see RFC 6762 §6 */
const SHARED_DELAY_MS = { least: 20, most: 120 };
/** Until all that the asker knows has come. @see RFC 6762 §7.2 */
const CONTINUED_DELAY_MS = { least: 400, most: 500 };
/** Nothing is told everybody more often; to who probes it is. @see RFC 6762 §6 */
const SAME_AGAIN_MS = 1000;
const SAME_TO_PROBE_MS = 250;
/** Answers that wait. */
const MAX_WAITING = 50;
const MDNS_PORT = 5353;

/** Tells one link by multicast DNS where the server is. @see XEP-0347 §3.3.2, RFC 6762, RFC 6763 */
export class MdnsResponder {
  readonly #options: MdnsResponderOptions;
  readonly #links: readonly MdnsLink[];
  readonly #pause: (milliseconds: number) => Promise<unknown>;
  readonly #random: () => number;
  readonly #now: () => number;
  readonly #stopping = new AbortController();
  #machine: string;
  /** What became of the name that is being tried. */
  #trial: 'free' | 'taken' | 'tied' = 'free';
  #isEstablished = false;
  #establishing: Promise<void> = Promise.resolve();
  #conflicts: number[] = [];
  /** What everybody was told last. */
  #told: readonly MdnsRecord[] = [];
  readonly #toldAt = new Map<string, number>();
  readonly #waiting = new Set<WaitingAnswer>();

  private constructor(links: readonly MdnsLink[], options: MdnsResponderOptions) {
    this.#options = options;
    this.#links = links;
    this.#machine = options.machine;
    const signal = AbortSignal.any([options.signal, this.#stopping.signal]);
    this.#pause = options.pause ?? ((milliseconds) => delay(milliseconds, undefined, { signal, ref: false }));
    this.#random = options.random ?? Math.random;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Finds a name that is free, and announces the server. @throws FindingError */
  static async start(options: MdnsResponderOptions): Promise<MdnsResponder> {
    const links = await MdnsLink.openAll(options.link, options.port);
    const responder = new MdnsResponder(links, options);
    try {
      for (const link of links) link.listen((message) => responder.#take(message, link));
      await responder.#establish();
      return responder;
    } catch (error) {
      if (options.signal.aborted) return responder;
      await Promise.all(links.map((link) => link.close()));
      throw error;
    }
  }

  /** The name that was free. */
  get machine(): string {
    return this.#machine;
  }

  /** Tells of what has changed: doors, addresses. @see RFC 6762 §8.4 */
  async refresh(): Promise<void> {
    if (!this.#isEstablished) return;
    const now = this.#records;
    const gone = this.#told.filter(
      (record) => !now.some((each) => isName(each, record.name) && isSameData(each, record)),
    );
    const isNews = now.some(
      (record) => !this.#told.some((each) => isName(each, record.name) && isSameData(each, record)),
    );
    if (gone.length === 0 && !isNews) return;
    try {
      await this.#tell([...gone.map((record) => ({ ...record, ttl: 0 })), ...now]);
      this.#told = now;
    } catch (error) {
      this.#options.log.debug({ reason: (error as Error).message }, 'mDNS: a change could not be told');
    }
  }

  /** Says goodbye. @see RFC 6762 §10.1 */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const { timer } of this.#waiting) clearTimeout(timer);
    this.#waiting.clear();
    await this.#establishing;
    try {
      if (this.#isEstablished) await this.#tell(this.#told.map((record) => ({ ...record, ttl: 0 })));
    } catch (error) {
      this.#options.log.debug({ reason: (error as Error).message }, 'mDNS: no goodbye could be said');
    }
    await Promise.all(this.#links.map((link) => link.close()));
  }

  get #records(): readonly MdnsRecord[] {
    const { domain, service } = this.#options;
    return mdnsRecords({ machine: this.#machine, domain, ...service() });
  }

  /** Those that nobody else may have. */
  get #own(): readonly MdnsRecord[] {
    return this.#records.filter(({ flush }) => flush);
  }

  async #tell(records: readonly MdnsRecord[]): Promise<void> {
    const now = this.#now();
    for (const record of records) this.#toldAt.set(keyOf(record), now);
    await MdnsLink.sendAll(this.#links, (link) => link.respond(records));
  }

  /** @param first number of the name that is tried first; 0 for the one that is wished for */
  async #establish(first = 0): Promise<void> {
    const { log, machine } = this.#options;
    for (let attempt = first; attempt < first + MAX_NAMES; attempt++) {
      this.#machine = attempt === 0 ? machine : `${machine}-${attempt}`;
      if (!(await this.#isFree())) continue;
      this.#isEstablished = true;
      this.#told = this.#records;
      for (let i = 0; i < ANNOUNCEMENTS; i++) {
        if (i > 0) await this.#pause(ANNOUNCEMENT_PAUSE_MS);
        if (this.#isEstablished) await this.#tell(this.#records);
      }
      return;
    }
    log.warn({ machine }, 'mDNS: the name and all those like it are taken on this link; the server is not announced');
  }

  /** @see RFC 6762 §8.1, §8.2 */
  async #isFree(): Promise<boolean> {
    for (let ties = 0; ties < MAX_TIES; ties++) {
      if (this.#isRestless) await this.#pause(MANY_PAUSE_MS);
      this.#trial = 'free';
      await this.#pause(this.#random() * PROBE_PAUSE_MS);
      const own = this.#own;
      const questions = [...new Set(own.map(({ name }) => name))].map((name) => ({ name, type: 'ANY' }));
      for (let probe = 0; probe < PROBES && this.#trial === 'free'; probe++) {
        await MdnsLink.sendAll(this.#links, (link) => link.query(questions, { proposed: own }));
        await this.#pause(PROBE_PAUSE_MS);
      }
      const outcome = this.#outcome;
      if (outcome !== 'tied') return outcome === 'free';
      // The other one may have gone: who comes later finds out.
      await this.#pause(LOST_PAUSE_MS);
    }
    return false;
  }

  /** What has become of the name by now. */
  get #outcome(): 'free' | 'taken' | 'tied' {
    return this.#trial;
  }

  get #isRestless(): boolean {
    const since = this.#now() - MANY_WITHIN_MS;
    this.#conflicts = this.#conflicts.filter((at) => at > since);
    return this.#conflicts.length >= MANY_CONFLICTS;
  }

  #take(message: MdnsMessage, link: MdnsLink): void {
    if (this.#stopping.signal.aborted) return;
    if (message.isResponse) {
      if (this.#contradicts(message)) this.#conflict();
    } else if (this.#isEstablished) this.#asked(message, link);
    else if (this.#losesTo(message)) this.#trial = 'tied';
  }

  /** Somebody says something else of a name that is ours, or is to be. @see RFC 6762 §9 */
  #conflict(): void {
    this.#conflicts.push(this.#now());
    this.#trial = 'taken';
    if (!this.#isEstablished) return;
    const { log, machine } = this.#options;
    log.warn({ machine: this.#machine }, 'mDNS: another machine says that this name is its own; it is tried again');
    this.#isEstablished = false;
    const former = this.#told;
    const number = this.#machine === machine ? 0 : Number(this.#machine.slice(machine.length + 1));
    const before = this.#establishing;
    this.#establishing = (async () => {
      try {
        await before;
        const name = this.#machine;
        await this.#establish(number);
        // Those that pointed to the former name point nowhere now.
        const stale = former.filter(({ type, flush }) => type === 'PTR' && !flush && this.#machine !== name);
        const gone = stale.filter(
          ({ name: of, data }) => !this.#told.some((each) => isName(each, of) && each.data === data),
        );
        if (gone.length > 0) await this.#tell(gone.map((record) => ({ ...record, ttl: 0 })));
      } catch (error) {
        if (!this.#stopping.signal.aborted && !this.#options.signal.aborted) {
          log.warn({ reason: (error as Error).message }, 'mDNS: the server is not announced any more');
        }
      }
    })();
  }

  #asked(message: MdnsMessage, link: MdnsLink): void {
    if (message.source.port !== (this.#options.port ?? MDNS_PORT)) this.#answerLegacy(message, link);
    else if (message.questions.length === 0) this.#alsoKnown(message);
    else this.#wait(message, link);
  }

  /** Who does not take part is answered at once, and alone. @see RFC 6762 §6.7 */
  #answerLegacy(message: MdnsMessage, link: MdnsLink): void {
    const records = this.#records;
    const answers = records.filter((record) => message.questions.some((question) => asksFor(question, record)));
    if (answers.length === 0) return;
    const more = additionalTo(answers, records);
    this.#sent(link.respondTo(message, answers.map(shortLived), more.map(shortLived)));
  }

  /** Answers when it is time. */
  #wait(message: MdnsMessage, link: MdnsLink): void {
    const asked = this.#records.filter((record) => message.questions.some((question) => asksFor(question, record)));
    const absences = absencesFor(message.questions, this.#records);
    if ((asked.length === 0 && absences.length === 0) || this.#waiting.size >= MAX_WAITING) return;
    const isProbe = message.proposed.length > 0;
    const isShared = asked.some(({ flush }) => !flush);
    const range = message.isContinued ? CONTINUED_DELAY_MS : isShared && !isProbe ? SHARED_DELAY_MS : undefined;
    const waiting: WaitingAnswer = { message, known: [...message.answers], timer: undefined };
    if (!range) {
      this.#answer(waiting, link);
      return;
    }
    this.#waiting.add(waiting);
    waiting.timer = setTimeout(
      () => {
        this.#waiting.delete(waiting);
        if (this.#isEstablished) this.#answer(waiting, link);
      },
      range.least + this.#random() * (range.most - range.least),
    ).unref();
  }

  /** More of what somebody knows who has asked before. @see RFC 6762 §7.2 */
  #alsoKnown({ source, answers }: MdnsMessage): void {
    for (const { message, known } of this.#waiting) {
      if (message.source.address === source.address && known.length < 1000) known.push(...answers);
    }
  }

  #answer({ message, known }: WaitingAnswer, link: MdnsLink): void {
    const records = this.#records;
    const { questions, proposed } = message;
    const now = this.#now();
    const ageOf = (record: MdnsRecord) => now - (this.#toldAt.get(keyOf(record)) ?? Number.NEGATIVE_INFINITY);
    const asked = records
      .filter((record) => questions.some((question) => asksFor(question, record)))
      .filter((record) => !known.some((each) => isKnown(each, record)));
    const absences = absencesFor(questions, records);
    // Who has heard it lately may be told alone, when that is what it wants.
    const isForOne =
      questions.every((question) => question.isForOne) && asked.every((record) => ageOf(record) < record.ttl * 250);
    if (isForOne) {
      if (asked.length + absences.length > 0) {
        this.#sent(link.respondToOne(message, [...asked, ...absences], additionalTo(asked, records)));
      }
      return;
    }
    const leastAge = proposed.length > 0 ? SAME_TO_PROBE_MS : SAME_AGAIN_MS;
    const answers = asked.filter((record) => ageOf(record) >= leastAge);
    if (answers.length + absences.length === 0) return;
    for (const record of answers) this.#toldAt.set(keyOf(record), now);
    this.#sent(link.respond([...answers, ...absences], additionalTo(answers, records)));
  }

  #sent(sent: Promise<void>): void {
    sent.catch((error: Error) => this.#options.log.debug({ reason: error.message }, 'mDNS: no answer could be sent'));
  }

  /** Does another one have a name that is ours, with other data? @see RFC 6762 §8.1, §9 */
  #contradicts({ answers }: MdnsMessage): boolean {
    const own = this.#own;
    return answers.some((theirs) => {
      const same = own.filter((ours) => isName(theirs, ours.name) && theirs.type === ours.type);
      return theirs.ttl > 0 && same.length > 0 && !same.some((ours) => isSameData(theirs, ours));
    });
  }

  /** Does another one want the same name at this moment, and get it? @see RFC 6762 §8.2 */
  #losesTo({ proposed }: MdnsMessage): boolean {
    const own = this.#own;
    return [...new Set(own.map(({ name }) => name))].some((name) => {
      const theirs = proposed.filter((record) => isName(record, name));
      return (
        theirs.length > 0 &&
        compareProposals(
          own.filter((record) => isName(record, name)),
          theirs,
        ) < 0
      );
    });
  }
}

/** An answer that waits for its time. */
interface WaitingAnswer {
  readonly message: MdnsMessage;
  /** What the asker knows. */
  readonly known: MdnsRecord[];
  timer: NodeJS.Timeout | undefined;
}

function keyOf({ name, type, data }: MdnsRecord): string {
  return `${type} ${name.toLowerCase()} ${JSON.stringify(data)}`;
}
