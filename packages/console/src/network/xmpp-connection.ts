import {
  type AccessQuestionToOwner,
  type AccessRule,
  allOf,
  answerQuestion,
  type ControlForm,
  claimThing,
  DISCOVERY,
  dismissQuestion,
  EVENT_LOG_QUERY,
  type EventLogQuery,
  editRule,
  type Field,
  getControlForm,
  getInterfaces,
  HISTORY,
  type HistoryAnswer,
  type HistoryQuery,
  listQuestions,
  listRules,
  type MetaTag,
  type OwnerAnswer,
  type ParameterValue,
  PROVISIONING_OWNER,
  queryEventLog,
  queryHistory,
  type RuleEdit,
  readSensorData,
  type SearchOperator,
  type SearchResult,
  type StoredEvent,
  searchThings,
  setParameters,
  type ThingReference,
  withdrawRule,
} from '@thingward/things';
import {
  type ClientState,
  type Contact,
  discoInfo,
  findService,
  Jid,
  MemoryTokenKeeper,
  presence,
  Roster,
  StanzaError,
  serveDisco,
  servePing,
  type Unsubscribe,
  XmppClient,
} from '@thingward/xmpp';
import { webSocketConnector } from '@thingward/xmpp/websocket';
import type { Connection, ControlTarget, Credentials, ReadWish } from '../model/connection.ts';
import type { NetworkConnection } from '../model/network/network-connection.ts';

/** A device that answers later than this is as good as silent to who watches it. */
const READ_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 10_000;
const MAX_BACKOFF_MS = 5000;
const KEEP_ALIVE_MS = 20_000;
const SEARCH_PAGE = 50;
const REQUEST = { timeoutMs: REQUEST_TIMEOUT_MS } as const;
/** Feature of the MCAP. The code that speaks it is loaded only where it is wanted, and this is all that is needed before. */
const MCAP = 'urn:thingward:ieee1451:1';

/** The network as XMPP has it, over a WebSocket. */
export class XmppConnection implements Connection {
  readonly #client: XmppClient;
  readonly #roster: Roster;
  /** By feature, since we went online. */
  readonly #services = new Map<string, Promise<Jid | undefined>>();

  constructor(url: string, { jid, password }: Credentials) {
    this.#client = new XmppClient({
      jid,
      password,
      tag: 'console',
      userAgent: { id: newPageId(), software: 'Thingward console' },
      // Gone with the page: a browser keeps nothing one could sign in with.
      tokens: new MemoryTokenKeeper(),
      connect: webSocketConnector(url),
      maxBackoffMs: MAX_BACKOFF_MS,
      keepAliveMs: KEEP_ALIVE_MS,
    });
    this.#roster = new Roster(this.#client);
    servePing(this.#client);
    serveDisco(this.#client, {
      identities: [{ category: 'client', type: 'web', name: 'Thingward console' }],
      features: [],
    });
    this.#client.onOnline(() => this.#services.clear());
  }

  get jid(): Jid {
    return this.#client.jid;
  }

  get state(): ClientState {
    return this.#client.state;
  }

  start(): void {
    this.#client.start();
  }

  ready(signal: AbortSignal): Promise<void> {
    return this.#client.ready(signal);
  }

  stop(): Promise<void> {
    return this.#client.stop();
  }

  onState(handler: (state: ClientState, error?: Error) => void): Unsubscribe {
    return this.#client.onState(handler);
  }

  get contacts(): ReadonlyMap<string, Contact> {
    return this.#roster.contacts;
  }

  get contactsAreLoaded(): boolean {
    return this.#roster.isLoaded;
  }

  onContacts(handler: () => void): Unsubscribe {
    return this.#roster.onChange(handler);
  }

  fullJidOf(contact: Jid): Jid | undefined {
    return this.#roster.fullJidOf(contact);
  }

  befriend(contact: Jid): void {
    this.#roster.subscribe(contact);
  }

  rename(contact: Jid, name: string): Promise<void> {
    return this.#roster.rename(contact, name);
  }

  forget(contact: Jid): Promise<void> {
    return this.#roster.remove(contact);
  }

  onFriendRequest(handler: (from: Jid) => void): Unsubscribe {
    return this.#client.onPresence(({ type, from }) => {
      if (type === 'subscribe') handler(from.bare);
    });
  }

  answerFriendRequest(from: Jid, accept: boolean): void {
    const answer = accept ? 'subscribed' : 'unsubscribed';
    this.#client.send(presence(answer, { to: from.bare, from: this.#client.jid.bare }));
  }

  async features(of: Jid): Promise<readonly string[]> {
    return (await discoInfo(this.#client, of, { timeoutMs: REQUEST_TIMEOUT_MS })).features;
  }

  interfaces({ thing, node }: ControlTarget, signal: AbortSignal): Promise<readonly string[]> {
    return getInterfaces(this.#client, thing, { node }, { timeoutMs: REQUEST_TIMEOUT_MS, signal });
  }

  read(thing: Jid, { types, signal }: ReadWish): AsyncIterable<readonly Field[]> {
    return readSensorData(this.#client, thing, { types }, { timeoutMs: READ_TIMEOUT_MS, signal });
  }

  controlForm({ thing, node }: ControlTarget, signal: AbortSignal): Promise<ControlForm> {
    return getControlForm(this.#client, thing, { nodes: node ? [node] : [], timeoutMs: REQUEST_TIMEOUT_MS, signal });
  }

  async setParameters({ thing, node }: ControlTarget, values: ReadonlyMap<string, ParameterValue>): Promise<void> {
    await setParameters(this.#client, thing, values, { nodes: node ? [node] : [], timeoutMs: REQUEST_TIMEOUT_MS });
  }

  async history(query: HistoryQuery, signal: AbortSignal): Promise<HistoryAnswer> {
    return queryHistory(this.#client, await this.#service(HISTORY, 'history'), query, { signal });
  }

  async claim(tags: readonly MetaTag[], isPublic: boolean): Promise<ThingReference> {
    return claimThing(this.#client, await this.#service(DISCOVERY, 'Thing Registry'), tags, { public: isPublic });
  }

  async search(operators: readonly SearchOperator[], offset: number): Promise<SearchResult> {
    const registry = await this.#service(DISCOVERY, 'Thing Registry');
    return searchThings(this.#client, registry, operators, { offset, maxCount: SEARCH_PAGE });
  }

  async events(query: EventLogQuery): Promise<readonly StoredEvent[]> {
    const log = await this.#service(EVENT_LOG_QUERY, 'log of events');
    return (await queryEventLog(this.#client, log, query, REQUEST)).events;
  }

  async accessQuestions(): Promise<readonly AccessQuestionToOwner[]> {
    const server = await this.#provisioning();
    return allOf((part) => listQuestions(this.#client, server, part, REQUEST));
  }

  async accessRules(): Promise<readonly AccessRule[]> {
    const server = await this.#provisioning();
    return allOf((part) => listRules(this.#client, server, part, REQUEST));
  }

  async answerAccess(answer: OwnerAnswer): Promise<AccessRule> {
    return answerQuestion(this.#client, await this.#provisioning(), answer, REQUEST);
  }

  async editAccess(edit: RuleEdit): Promise<AccessRule> {
    return editRule(this.#client, await this.#provisioning(), edit, REQUEST);
  }

  async withdrawAccess(rule: number): Promise<void> {
    await withdrawRule(this.#client, await this.#provisioning(), rule, REQUEST);
  }

  async dismissAccess(question: number): Promise<void> {
    await dismissQuestion(this.#client, await this.#provisioning(), question, REQUEST);
  }

  onAccessQuestion(handler: () => void): Unsubscribe {
    // Whoever says so: what is shown comes from the server.
    return this.#client.onMessage({ name: 'question', namespace: PROVISIONING_OWNER }, () => handler());
  }

  async network(): Promise<NetworkConnection> {
    const { McapConnection } = await import('./mcap-connection.ts');
    return new McapConnection(this.#client, () => this.#service(MCAP, 'MCAP'));
  }

  #provisioning(): Promise<Jid> {
    return this.#service(PROVISIONING_OWNER, 'provisioning server');
  }

  /** The service of our server that has a feature. @throws StanzaError when there is none */
  async #service(feature: string, name: string): Promise<Jid> {
    const { domain } = this.#client.jid;
    let search = this.#services.get(feature);
    if (!search) {
      search = findService(this.#client, Jid.parse(domain), feature);
      this.#services.set(feature, search);
      // One that failed, or found nothing, is not the last word.
      search.then(
        (found) => found ?? this.#services.delete(feature),
        () => this.#services.delete(feature),
      );
    }
    const service = await search;
    if (!service) throw new StanzaError('item-not-found', `${domain} has no ${name}.`);
    return service;
  }
}

/** A UUID that tells this page from others, as `crypto.randomUUID` makes in secure contexts alone. @see RFC 9562 §5.4 */
function newPageId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
