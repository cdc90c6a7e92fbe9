import type {
  AccessQuestionToOwner,
  AccessRule,
  ControlForm,
  EventLogQuery,
  Field,
  HistoryAnswer,
  OwnerAnswer,
  RuleEdit,
  SearchResult,
  StoredEvent,
  ThingReference,
} from '@thingward/things';
import { type ClientState, type Contact, Jid, StanzaError } from '@thingward/xmpp';
import type { Connection, ControlTarget, ReadWish } from './connection.ts';
import { TestNetwork } from './network/network.fixture.ts';

/** A connection whose other side is the test: it sets what is there and says what happens. */
export class TestConnection implements Connection {
  readonly jid = Jid.parse('owner@localhost/console');
  state: ClientState = 'offline';
  readonly contacts = new Map<string, Contact>();
  contactsAreLoaded = false;
  readonly sent: string[] = [];
  reads = 0;
  featureList: readonly string[] = ['urn:xmpp:iot:sensordata', 'urn:xmpp:iot:control'];
  readonly #stateHandlers = new Set<(state: ClientState, error?: Error) => void>();
  readonly #contactHandlers = new Set<() => void>();
  readonly #requestHandlers = new Set<(from: Jid) => void>();
  readonly #ready = deferred<void>();

  onRead: (wish: ReadWish) => Promise<readonly Field[]> = async () => [];
  interfacesAsked = 0;
  onInterfaces: (target: ControlTarget) => Promise<readonly string[]> = async () => [];
  onControlForm: (target: ControlTarget) => Promise<ControlForm> = async () => ({ parameters: [] });
  onSet: () => Promise<void> = async () => {};
  onHistory: () => Promise<HistoryAnswer> = async () => ({ series: [] });
  onClaim: () => Promise<ThingReference> = async () => {
    throw new StanzaError('item-not-found');
  };
  onSearch: (offset: number) => Promise<SearchResult> = async () => ({ things: [], more: false });

  become(state: ClientState, error?: Error): void {
    this.state = state;
    if (state === 'online') this.#ready.resolve();
    else if (error) this.#ready.reject(error);
    for (const handler of this.#stateHandlers) handler(state, error);
  }

  /** Puts a friend in the roster, with the resource `r` when it is available. */
  addContact(jid: string, available: boolean, rest: Partial<Contact> = {}): void {
    const resources = new Map(available ? [['r', { priority: 0 }]] : []);
    this.contacts.set(jid, { jid: Jid.parse(jid), subscription: 'both', ask: false, groups: [], resources, ...rest });
    this.contactsAreLoaded = true;
    for (const handler of this.#contactHandlers) handler();
  }

  requestFriendship(jid: string): void {
    for (const handler of this.#requestHandlers) handler(Jid.parse(jid));
  }

  start(): void {
    this.sent.push('start');
  }

  async ready(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    await Promise.race([this.#ready.promise, aborted]);
  }

  async stop(): Promise<void> {
    this.sent.push('stop');
    this.become('stopped');
  }

  onState(handler: (state: ClientState, error?: Error) => void): () => void {
    this.#stateHandlers.add(handler);
    return () => this.#stateHandlers.delete(handler);
  }

  onContacts(handler: () => void): () => void {
    this.#contactHandlers.add(handler);
    return () => this.#contactHandlers.delete(handler);
  }

  onFriendRequest(handler: (from: Jid) => void): () => void {
    this.#requestHandlers.add(handler);
    return () => this.#requestHandlers.delete(handler);
  }

  fullJidOf(contact: Jid): Jid | undefined {
    return this.contacts.get(contact.toString())?.resources.size ? contact.withResource('r') : undefined;
  }

  befriend(contact: Jid): void {
    this.sent.push(`befriend ${contact}`);
  }

  async rename(contact: Jid, name: string): Promise<void> {
    this.sent.push(`rename ${contact} to ${name}`);
  }

  async forget(contact: Jid): Promise<void> {
    this.sent.push(`forget ${contact}`);
  }

  answerFriendRequest(from: Jid, accept: boolean): void {
    this.sent.push(`${accept ? 'accept' : 'decline'} ${from}`);
  }

  async features(): Promise<readonly string[]> {
    return this.featureList;
  }

  interfaces(target: ControlTarget): Promise<readonly string[]> {
    this.interfacesAsked++;
    return this.onInterfaces(target);
  }

  async *read(_thing: Jid, wish: ReadWish): AsyncGenerator<readonly Field[]> {
    this.reads++;
    yield await this.onRead(wish);
  }

  controlForm(target: ControlTarget): Promise<ControlForm> {
    return this.onControlForm(target);
  }

  async setParameters(_target: ControlTarget, values: ReadonlyMap<string, { value: unknown }>): Promise<void> {
    for (const [name, { value }] of values) this.sent.push(`set ${name}=${value}`);
    await this.onSet();
  }

  history(): Promise<HistoryAnswer> {
    return this.onHistory();
  }

  claim(): Promise<ThingReference> {
    return this.onClaim();
  }

  search(_operators: unknown, offset: number): Promise<SearchResult> {
    return this.onSearch(offset);
  }

  onEvents: (query: EventLogQuery) => Promise<readonly StoredEvent[]> = async () => [];

  events(query: EventLogQuery): Promise<readonly StoredEvent[]> {
    return this.onEvents(query);
  }

  onAccess: () => Promise<void> = async () => {};
  questions: readonly AccessQuestionToOwner[] = [];
  rules: readonly AccessRule[] = [];
  readonly #accessHandlers = new Set<() => void>();

  async accessQuestions(): Promise<readonly AccessQuestionToOwner[]> {
    await this.onAccess();
    return this.questions;
  }

  async accessRules(): Promise<readonly AccessRule[]> {
    return this.rules;
  }

  async answerAccess({ question, scope, isAllowed, names, types, once, until }: OwnerAnswer): Promise<AccessRule> {
    await this.onAccess();
    const asked = this.questions.find(({ id }) => id === question);
    if (!asked) throw new StanzaError('item-not-found', 'you have no such question');
    this.questions = this.questions.filter(({ id }) => id !== question);
    const { jid, node, kind, requester } = asked;
    const about = { jid, node, kind, scope, subject: scope === 'anyone' ? '' : requester.toString() };
    const rule = { id: question + 100, ...about, isAllowed, names, types, once, until, made: new Date() };
    this.rules = [...this.rules, rule];
    return rule;
  }

  async editAccess({ rule, ...content }: RuleEdit): Promise<AccessRule> {
    await this.onAccess();
    const before = this.rules.find(({ id }) => id === rule);
    if (!before) throw new StanzaError('item-not-found', 'you have no such rule');
    const after = { ...before, ...content };
    this.rules = this.rules.map((other) => (other.id === rule ? after : other));
    return after;
  }

  async withdrawAccess(rule: number): Promise<void> {
    await this.onAccess();
    this.rules = this.rules.filter(({ id }) => id !== rule);
  }

  async dismissAccess(question: number): Promise<void> {
    await this.onAccess();
    this.questions = this.questions.filter(({ id }) => id !== question);
  }

  onAccessQuestion(handler: () => void): () => void {
    this.#accessHandlers.add(handler);
    return () => this.#accessHandlers.delete(handler);
  }

  readonly mcap = new TestNetwork();

  async network(): Promise<TestNetwork> {
    return this.mcap;
  }

  /** Somebody has asked. */
  ask(question: AccessQuestionToOwner): void {
    this.questions = [...this.questions, question];
    for (const handler of this.#accessHandlers) handler();
  }
}

/** A promise to be settled later. */
export function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: unknown) => void } {
  let settle: { resolve: (value: T) => void; reject: (error: unknown) => void } | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle! };
}

/** A momentary numeric field, unless `rest` says otherwise. */
export function numericField(name: string, value: string, unit: string, rest: Partial<Field> = {}): Field {
  return {
    name,
    value: { type: 'numeric', value, unit },
    types: ['momentary'],
    qos: ['automaticReadout'],
    timestamp: new Date(),
    ...rest,
  };
}
