import {
  decodeHistoryQuery,
  decodeReaders,
  decodeStore,
  decodeStoredFieldsQuery,
  decodingRequest,
  encodeHistoryAnswer,
  encodeStoredFieldsPage,
  type Field,
  HISTORY,
} from '@thingward/things';
import type { Element } from '@thingward/xml';
import {
  type IqRequest,
  type Jid,
  type Logger,
  PING,
  SILENT_LOGGER,
  StanzaError,
  serveDisco,
  servePing,
  type Unsubscribe,
  type XmppPeer,
} from '@thingward/xmpp';
import type { Kysely } from 'kysely';
import { ReaderLists } from '../reader-list.ts';
import { isServedBy } from '../served-domain.ts';
import { Tasks } from '../tasks.ts';
import { FieldWriter } from './field-writer.ts';
import { readHistory } from './history-reader.ts';
import { Retention } from './retention.ts';
import { readStoredFields } from './stored-fields-reader.ts';
import type { HistoryTables } from './tables.ts';

/** Bounds of what the history takes and gives. */
export interface HistoryLimits {
  /** Fields in one store. */
  readonly fieldsPerStore: number;
  /** Characters of a field's name, unit and data type together. */
  readonly nameCharacters: number;
  /** Characters of a value. */
  readonly valueCharacters: number;
  /** Different fields of all the Things behind one bare JID. */
  readonly seriesPerJid: number;
  /** Readers of one Thing, and of all the Things behind one bare JID. */
  readonly readersPerThing: number;
  readonly readersPerJid: number;
  /** Different fields in one answer. */
  readonly seriesPerAnswer: number;
  /** Points in one answer. */
  readonly pointsPerAnswer: number;
  /** Fields in one page of stored values. */
  readonly fieldsPerPage: number;
  /** Bytes of one answer. */
  readonly answerBytes: number;
  /** Series whose ids are kept in memory. */
  readonly cachedSeries: number;
}

export const DEFAULT_HISTORY_LIMITS: HistoryLimits = {
  fieldsPerStore: 1000,
  nameCharacters: 512,
  valueCharacters: 4096,
  seriesPerJid: 10_000,
  readersPerThing: 100,
  readersPerJid: 10_000,
  seriesPerAnswer: 200,
  pointsPerAnswer: 2000,
  fieldsPerPage: 500,
  answerBytes: 240 * 1024,
  cachedSeries: 50_000,
};

export interface HistoryOptions {
  /** Its `jid` is the history's. */
  readonly peer: XmppPeer;
  /** Migrated with `historyMigrations`. */
  readonly database: Kysely<HistoryTables>;
  /** How long points are kept, in days; undefined: for ever. */
  readonly retentionDays?: number | undefined;
  /** Who may store; when not given, every address of the domain that the history's own domain lies under. */
  readonly accepts?: (thing: Jid) => boolean;
  readonly limits?: Partial<HistoryLimits>;
  /** Pauses of the deletion of old points, in ms: between two steps, and after a round or an error. */
  readonly pruning?: { readonly stepPauseMs: number; readonly roundPauseMs: number };
  readonly log?: Logger;
  readonly clock?: () => Date;
}

const DAY_MS = 86_400_000;

/**
 * Keeps what Things measure. A Thing is who the sender of the stanza is, as the server vouches for it: it stores its own fields, says who
 * may read them, and reads them itself. The payloads are in the schema of `@thingward/things`, history.
 */
export class HistoryService {
  readonly #peer: XmppPeer;
  readonly #database: Kysely<HistoryTables>;
  readonly #retentionDays: number | undefined;
  readonly #accepts: (thing: Jid) => boolean;
  readonly #limits: HistoryLimits;
  readonly #pruning: { readonly stepPauseMs: number; readonly roundPauseMs: number };
  readonly #log: Logger;
  readonly #clock: () => Date;
  readonly #readers: ReaderLists<'history_readers'>;
  readonly #writer: FieldWriter;
  readonly #retention: Retention;
  readonly #tasks: Tasks;
  #stops: Unsubscribe[] = [];

  constructor(options: HistoryOptions) {
    const { peer, database, log = SILENT_LOGGER } = options;
    this.#peer = peer;
    this.#database = database;
    this.#retentionDays = options.retentionDays;
    this.#accepts = options.accepts ?? ((thing) => isServedBy(thing, peer.jid));
    this.#limits = { ...DEFAULT_HISTORY_LIMITS, ...options.limits };
    this.#pruning = options.pruning ?? { stepPauseMs: 20, roundPauseMs: 600_000 };
    this.#log = log;
    this.#clock = options.clock ?? (() => new Date());
    this.#readers = new ReaderLists<'history_readers'>(database, 'history_readers');
    this.#writer = new FieldWriter({
      database,
      maxSeriesPerThing: this.#limits.seriesPerJid,
      maxCachedSeries: this.#limits.cachedSeries,
    });
    this.#retention = new Retention(database);
    this.#tasks = new Tasks((error) => log.error({ error }, 'a task of the history failed'));
  }

  /** Begins to answer. */
  async start(): Promise<void> {
    const identities = [{ category: 'component', type: 'generic', name: 'History' }];
    this.#stops = [
      serveDisco(this.#peer, { identities, features: [HISTORY, PING] }),
      servePing(this.#peer),
      this.#peer.onIq('set', { name: 'store', namespace: HISTORY }, (request) => this.#store(request)),
      this.#peer.onIq('set', { name: 'readers', namespace: HISTORY }, (request) => this.#setReaders(request)),
      this.#peer.onIq('get', { name: 'query', namespace: HISTORY }, (request) => this.#query(request)),
      this.#peer.onIq('get', { name: 'read', namespace: HISTORY }, (request) => this.#read(request)),
    ];
    const days = this.#retentionDays;
    if (days !== undefined) {
      this.#stops.push(this.#tasks.every(this.#pruning.roundPauseMs, () => this.#prune(days)));
    }
  }

  /** Stops answering, and waits for what is under way. */
  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    await this.#tasks.stop();
  }

  async #store({ from, payload }: IqRequest): Promise<undefined> {
    this.#checkAccepted(from);
    const fields = decodingRequest(() => decodeStore(payload));
    this.#checkSizes(fields);
    if (fields.length > 0) await this.#writing(() => this.#writer.write(from.bare, fields));
  }

  async #setReaders({ from, payload }: IqRequest): Promise<undefined> {
    this.#checkAccepted(from);
    const readers = decodingRequest(() => decodeReaders(payload));
    if (readers.readers.length > this.#limits.readersPerThing) {
      throw new StanzaError('policy-violation', `a Thing has at most ${this.#limits.readersPerThing} readers`);
    }
    await this.#writing(() => this.#readers.replace(from, readers, this.#limits.readersPerJid));
  }

  /** Who may not know gets the same answer whether there is something to know or not. */
  async #query({ from, payload }: IqRequest): Promise<Element> {
    const query = decodingRequest(() => decodeHistoryQuery(payload));
    this.#checkNamed(query.names);
    if (!(await this.#readers.mayRead(from, query.thing, query.node))) throw new StanzaError('forbidden');
    const series = await readHistory(this.#database, query, {
      series: this.#limits.seriesPerAnswer,
      points: this.#limits.pointsPerAnswer,
    });
    const answer = encodeHistoryAnswer({ series });
    if (Buffer.byteLength(answer.toString()) > this.#limits.answerBytes) {
      throw new StanzaError('not-acceptable', 'the answer would be too large; ask for fewer fields, points or days');
    }
    return answer;
  }

  /** A page of values as they were stored. */
  async #read({ from, payload }: IqRequest): Promise<Element> {
    const query = decodingRequest(() => decodeStoredFieldsQuery(payload));
    this.#checkNamed(query.names);
    if (!(await this.#readers.mayRead(from, query.thing, query.node))) throw new StanzaError('forbidden');
    const limits = { fields: this.#limits.fieldsPerPage, characters: this.#limits.answerBytes / 2 };
    return encodeStoredFieldsPage(await readStoredFields(this.#database, query, limits, this.#clock().getTime()));
  }

  #checkNamed(names: readonly string[]): void {
    if (names.length > this.#limits.seriesPerAnswer) {
      throw new StanzaError('policy-violation', `at most ${this.#limits.seriesPerAnswer} fields can be named`);
    }
  }

  #checkAccepted(from: Jid): void {
    if (!this.#accepts(from.bare)) throw new StanzaError('forbidden', 'this history is not for Things of your domain');
  }

  #checkSizes(fields: readonly Field[]): void {
    const { fieldsPerStore, nameCharacters, valueCharacters } = this.#limits;
    if (fields.length > fieldsPerStore) {
      throw new StanzaError('policy-violation', `at most ${fieldsPerStore} fields can be stored at once`);
    }
    for (const { name, value } of fields) {
      const extra = value.type === 'numeric' ? value.unit : value.type === 'enum' ? value.dataType : '';
      if (name.length + extra.length > nameCharacters) {
        throw new StanzaError('policy-violation', `a name and unit have at most ${nameCharacters} characters`);
      }
      if (typeof value.value === 'string' && value.value.length > valueCharacters) {
        throw new StanzaError('policy-violation', `a value has at most ${valueCharacters} characters`);
      }
    }
  }

  /** A database that cannot write (a full disk) is no reason to give up for who asked: it may try again. */
  async #writing(write: () => Promise<void>): Promise<void> {
    try {
      await this.#tasks.run(write);
    } catch (error) {
      if (error instanceof StanzaError) throw error;
      this.#log.error({ error }, 'the database refused to write');
      throw new StanzaError('internal-server-error', 'nothing was stored; try again later', { type: 'wait' });
    }
  }

  /** @returns the pause until the next step, in ms */
  async #prune(days: number): Promise<number> {
    const isRoundDone = await this.#retention.step(this.#clock().getTime() - days * DAY_MS);
    return isRoundDone ? this.#pruning.roundPauseMs : this.#pruning.stepPauseMs;
  }
}
