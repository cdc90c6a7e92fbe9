import {
  BROKER,
  contentOctets,
  type DocumentChange,
  type DocumentEntry,
  decodeBrokerReaders,
  decodeFollow,
  decodeGetDocument,
  decodeListDocuments,
  decodePutDocument,
  decodeRemoveDocument,
  decodeUnfollow,
  decodingRequest,
  encodeDocument,
  encodeDocumentChange,
  encodeDocumentList,
  encodeFollowing,
  type FollowedThing,
  type PutDocument,
} from '@thingward/things';
import type { Element } from '@thingward/xml';
import {
  type IqRequest,
  type Jid,
  type Logger,
  message,
  PeerError,
  PING,
  SILENT_LOGGER,
  StanzaError,
  serveDisco,
  servePing,
  type Unsubscribe,
  type XmppPeer,
} from '@thingward/xmpp';
import type { Kysely } from 'kysely';
import { thingColumns } from '../node-columns.ts';
import type { Owners } from '../provisioning/owners.ts';
import { ReaderLists } from '../reader-list.ts';
import { SenderPace } from '../sender-pace.ts';
import { isServedBy } from '../served-domain.ts';
import { Tasks } from '../tasks.ts';
import { BrokerAccess } from './broker-access.ts';
import { DOCUMENT_CHECKS, type DocumentCheck } from './document-check.ts';
import { DocumentStore, encodePlace, notFound } from './document-store.ts';
import { Followers } from './followers.ts';
import { type BrokerLimits, DEFAULT_BROKER_LIMITS } from './limits.ts';
import type { BrokerTables } from './tables.ts';

export interface BrokerOptions {
  /** Its `jid` is the broker's. */
  readonly peer: XmppPeer;
  /** Migrated with `brokerMigrations`. */
  readonly database: Kysely<BrokerTables>;
  /** Whom Things belong to. Where it is not known better, Things say it themselves. */
  readonly owners: Pick<Owners, 'ownerOf' | 'told'>;
  /** May read all there is. */
  readonly isAdministrator?: ((jid: Jid) => Promise<boolean>) | undefined;
  /** Checks by kind, beside those of the broker itself: a document that is none of its kind is refused. */
  readonly checks?: Readonly<Record<string, DocumentCheck>> | undefined;
  /** About whom documents are kept; when not given, every address of the domain that the broker's own domain lies under. */
  readonly accepts?: (thing: Jid) => boolean;
  readonly limits?: Partial<BrokerLimits> | undefined;
  readonly log?: Logger;
  readonly clock?: () => Date;
}

const KIND = /^[a-z0-9][a-z0-9.-]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: names are shown to people, and compared by them
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f]/;
const MEDIA_TYPE = /^[\w.+-]+\/[\w.+-]+(?:; ?[\w.+-]+=[\w.+-]+)*$/;

/**
 * Keeps documents about Things: register maps, point lists, TEDS, descriptions. The Thing and its owner put and remove them; they, whom the
 * Thing has named, and administrators read them and hear of changes. To everybody else there is nothing. The payloads are in the schema of
 * `@thingward/things`, broker.
 */
export class BrokerService {
  readonly #options: BrokerOptions;
  readonly #peer: XmppPeer;
  readonly #limits: BrokerLimits;
  readonly #checks: ReadonlyMap<string, DocumentCheck>;
  readonly #log: Logger;
  readonly #clock: () => Date;
  readonly #store: DocumentStore;
  readonly #followers: Followers;
  readonly #readers: ReaderLists<'broker_readers'>;
  readonly #access: BrokerAccess;
  readonly #pace: SenderPace;
  readonly #tasks: Tasks;
  #stops: Unsubscribe[] = [];

  constructor(options: BrokerOptions) {
    const { database, owners, isAdministrator, log = SILENT_LOGGER } = options;
    this.#options = options;
    this.#peer = options.peer;
    this.#limits = { ...DEFAULT_BROKER_LIMITS, ...options.limits };
    this.#checks = new Map(Object.entries({ ...DOCUMENT_CHECKS, ...options.checks }));
    this.#log = log;
    this.#clock = options.clock ?? (() => new Date());
    this.#store = new DocumentStore(database, this.#limits);
    this.#followers = new Followers(database, this.#limits);
    this.#readers = new ReaderLists<'broker_readers'>(database, 'broker_readers');
    this.#access = new BrokerAccess({ owners, readers: this.#readers, isAdministrator });
    this.#pace = new SenderPace(this.#limits);
    this.#tasks = new Tasks((error) => log.error({ err: error }, 'a task of the broker failed'));
  }

  /** Begins to answer. */
  async start(): Promise<void> {
    const peer = this.#peer;
    const identities = [{ category: 'component', type: 'generic', name: 'Service Broker' }];
    const on = (type: 'get' | 'set', name: string, answer: (request: IqRequest) => Promise<Element | undefined>) =>
      peer.onIq(type, { name, namespace: BROKER }, answer);
    this.#stops = [
      serveDisco(peer, { identities, features: [BROKER, PING] }),
      servePing(peer),
      on('set', 'put', (request) => this.#put(request)),
      on('set', 'remove', (request) => this.#remove(request)),
      on('get', 'get', (request) => this.#get(request)),
      on('get', 'list', (request) => this.#list(request)),
      on('set', 'follow', (request) => this.#follow(request)),
      on('set', 'unfollow', (request) => this.#unfollow(request)),
      on('set', 'readers', (request) => this.#setReaders(request)),
      peer.onMessage({ namespace: BROKER }, ({ from, type }) => {
        if (type === 'error') this.#tasks.start(() => this.#followers.forget(from));
      }),
    ];
  }

  /** Stops answering, and waits for what is under way. */
  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    await this.#tasks.stop();
  }

  async #put({ from, payload }: IqRequest): Promise<Element> {
    const put = decodingRequest(() => decodePutDocument(payload));
    await this.#checkMayChange(from, put);
    this.#takePace(from);
    this.#checkForm(put);
    const problem = this.#checks.get(put.kind)?.(put.content, put.mediaType);
    if (problem !== undefined) {
      throw new StanzaError('not-acceptable', `that is no ${put.kind}: ${problem.slice(0, 1000)}`);
    }
    const by = from.bare.toString();
    const { document, isChanged } = await this.#writing(() => this.#store.put(put, by, this.#clock()));
    if (isChanged) this.#tell({ kind: 'changed', document });
    return encodeDocument(document);
  }

  async #remove({ from, payload }: IqRequest): Promise<undefined> {
    const removed = decodingRequest(() => decodeRemoveDocument(payload));
    await this.#checkMayChange(from, removed);
    this.#takePace(from);
    await this.#writing(() => this.#store.remove(removed));
    const { thing, node, kind, name } = removed;
    this.#tell({ kind: 'removed', document: { thing, node, kind, name } });
  }

  /** Who may not know gets the same answer as where there is nothing. */
  async #get({ from, payload }: IqRequest): Promise<Element> {
    const question = decodingRequest(() => decodeGetDocument(payload));
    if (!(await this.#access.mayRead(from, question))) throw notFound();
    const { content, ...document } = await this.#store.get(question);
    return encodeDocument(document, question.unless === document.digest ? undefined : content);
  }

  async #list({ from, payload }: IqRequest): Promise<Element> {
    const question = decodingRequest(() => decodeListDocuments(payload));
    if (question.part?.before !== undefined || question.part?.index !== undefined) {
      throw new StanzaError('feature-not-implemented', 'lists are read from their beginning: with after, not before');
    }
    const mayRead = await this.#access.mayRead(from, question);
    const { count, documents } = mayRead ? await this.#store.list(question) : { count: 0, documents: [] };
    return answerOf(count, documents, this.#limits.answerBytes);
  }

  async #follow({ from, payload }: IqRequest): Promise<Element> {
    const followed = decodingRequest(() => decodeFollow(payload));
    if (!(await this.#access.mayRead(from, followed))) {
      throw new StanzaError('forbidden', 'you may not know of this Thing');
    }
    return encodeFollowing(await this.#writing(() => this.#followers.add(followed, from, this.#clock())));
  }

  async #unfollow({ from, payload }: IqRequest): Promise<undefined> {
    const followed = decodingRequest(() => decodeUnfollow(payload));
    await this.#writing(() => this.#followers.remove(followed, from));
  }

  async #setReaders({ from, payload }: IqRequest): Promise<undefined> {
    const readers = decodingRequest(() => decodeBrokerReaders(payload));
    const { readersPerThing, readersPerJid } = this.#limits;
    this.#checkAccepted(from);
    this.#takePace(from);
    if (readers.readers.length > readersPerThing) {
      throw new StanzaError('policy-violation', `a Thing has at most ${readersPerThing} readers`);
    }
    await this.#writing(async () => {
      await this.#readers.replace(from, readers, readersPerJid);
      await this.#options.owners.told?.(thingColumns(from, readers.node), readers.owner?.bare.toString());
    });
  }

  async #checkMayChange(from: Jid, about: FollowedThing): Promise<void> {
    if (await this.#access.mayChange(from, about)) return this.#checkAccepted(about.thing);
    throw new StanzaError('forbidden', 'documents about a Thing are for itself and its owner to change');
  }

  #checkAccepted(thing: Jid): void {
    const { accepts } = this.#options;
    if (accepts ? accepts(thing.bare) : isServedBy(thing.bare, this.#peer.jid)) return;
    throw new StanzaError('forbidden', 'this broker is not for Things of that domain');
  }

  #takePace(from: Jid): void {
    if (this.#pace.take(from.bare.toString(), 1, this.#clock().getTime()) === 1) return;
    throw new StanzaError('resource-constraint', 'you change too much in a short time; try again later', {
      type: 'wait',
    });
  }

  #checkForm({ kind, name, mediaType, content }: PutDocument): void {
    const { contentBytes, kindCharacters, nameCharacters, mediaTypeCharacters, answerBytes } = this.#limits;
    const refuse = (text: string) => new StanzaError('policy-violation', text);
    if (kind.length > kindCharacters || !KIND.test(kind)) {
      throw refuse(`a kind has up to ${kindCharacters} lower-case letters, digits, dots and hyphens`);
    }
    if (name === '' || name.length > nameCharacters || CONTROL_CHARACTERS.test(name)) {
      throw refuse(`a name has 1 to ${nameCharacters} characters, none of them for control`);
    }
    if (mediaType.length > mediaTypeCharacters || !MEDIA_TYPE.test(mediaType)) {
      throw refuse(`a media type is such as text/csv, of up to ${mediaTypeCharacters} characters`);
    }
    if (contentOctets(content).length > contentBytes) throw refuse(`a content has at most ${contentBytes} octets`);
    if (content.form === 'octets') return;
    // Characters that XML has to write in another way may make it several times as long.
    const text = content.form === 'text' ? encodedLength(content.text) : encodedLength(content.element);
    if (text > answerBytes - 4096) throw refuse('written as XML the content is too long: put it as octets');
  }

  /** Tells followers, those that may still know. */
  #tell(change: DocumentChange): void {
    this.#tasks.start(async () => {
      const { document } = change;
      const receivers: Jid[] = [];
      for (const follower of await this.#followers.of(document, this.#clock())) {
        if (await this.#access.mayRead(follower, document)) receivers.push(follower);
        else await this.#followers.remove(document, follower);
      }
      if (receivers.length === 0) return;
      try {
        this.#peer.sendEach(message('headline', {}, encodeDocumentChange(change)), receivers);
      } catch (error) {
        // They ask what has changed when they follow again.
        if (!(error instanceof PeerError)) throw error;
      }
    });
  }

  /** A database that cannot write (a full disk) is no reason to give up for who asked: it may try again. */
  async #writing<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await this.#tasks.run(write);
    } catch (error) {
      if (error instanceof StanzaError) throw error;
      this.#log.error({ err: error }, 'the database refused to write');
      throw new StanzaError('internal-server-error', 'nothing was stored; try again later', { type: 'wait' });
    }
  }
}

function encodedLength(content: string | Element): number {
  const escaped = typeof content === 'string' ? content.replace(/[&<>\r]/g, '.....') : content.toString();
  return Buffer.byteLength(escaped);
}

/** As many documents as fit. */
function answerOf(count: number, documents: readonly DocumentEntry[], answerBytes: number): Element {
  for (let kept = documents.length; ; kept = Math.floor(kept / 2)) {
    const [first] = documents;
    const last = documents[kept - 1];
    const answer = encodeDocumentList({
      documents: documents.slice(0, kept),
      part: { count, ...(first && last ? { first: encodePlace(first), last: encodePlace(last) } : {}) },
    });
    // One always fits: names are bounded.
    if (kept <= 1 || Buffer.byteLength(answer.toString()) <= answerBytes) return answer;
  }
}
