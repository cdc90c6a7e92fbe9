import type {
  AccessQuestionToOwner,
  AccessRule,
  ControlForm,
  EventLogQuery,
  Field,
  HistoryAnswer,
  HistoryPoint,
  HistoryQuery,
  MetaTag,
  OwnerAnswer,
  ParameterValue,
  RuleEdit,
  SearchOperator,
  SearchResult,
  StoredEvent,
  ThingReference,
} from '@thingward/things';
import {
  type ClientState,
  type Contact,
  Jid,
  PeerError,
  SaslError,
  StanzaError,
  type Unsubscribe,
} from '@thingward/xmpp';
import type { Connection, ControlTarget, Credentials, ReadWish } from '../src/model/connection.ts';
import { FakeNetwork } from './fake-network.ts';
import type { Plant } from './plant.ts';

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const since = (minutes: number) => new Date(Date.now() - minutes * 60_000);

function fakeQuestions(): readonly AccessQuestionToOwner[] {
  const item = (name: string, isWanted = false) => ({ name, types: [], isWanted });
  const question = (id: number, rest: Partial<AccessQuestionToOwner>): AccessQuestionToOwner => ({
    id,
    jid: Jid.parse('plc@localhost'),
    kind: 'read',
    requester: Jid.parse('grid-operator@utility.example.org'),
    asked: 1,
    first: since(200),
    last: since(3),
    types: [],
    items: [],
    ...rest,
  });
  return [
    question(3, {
      asked: 14,
      items: [item('Level', true), item('Inlet Flow', true), item('Outlet Flow'), item('Temperature')],
    }),
    question(4, {
      kind: 'control',
      requester: Jid.parse('romeo@localhost'),
      items: [item('Pump'), item('Valve Opening')],
    }),
    question(5, {
      kind: 'friend',
      jid: Jid.parse('meter@localhost'),
      requester: Jid.parse('billing@utility.example.org'),
    }),
  ];
}

function fakeRules(): readonly AccessRule[] {
  const about = { jid: Jid.parse('meter@localhost'), kind: 'read', made: since(5000) } as const;
  return [
    {
      id: 1,
      ...about,
      scope: 'domain',
      subject: 'utility.example.org',
      isAllowed: true,
      names: ['Energy', 'Power'],
      types: ['momentary', 'status'],
    },
    { id: 2, ...about, scope: 'requester', subject: 'romeo@localhost', isAllowed: true, until: since(-600) },
    { id: 7, ...about, kind: 'control', scope: 'anyone', subject: '', isAllowed: false },
  ];
}

/** A network that is not there: any password but `wrong` signs in. */
export class FakeConnection implements Connection {
  readonly jid: Jid;
  readonly #password: string;
  readonly #plant: Plant;
  readonly #contacts = new Map<string, Contact>();
  readonly #stateHandlers = new Set<(state: ClientState, error?: Error) => void>();
  readonly #contactHandlers = new Set<() => void>();
  #questions = fakeQuestions();
  #rules = fakeRules();
  #state: ClientState = 'offline';
  readonly mcap = new FakeNetwork();
  contactsAreLoaded = false;

  constructor({ jid, password }: Credentials, plant: Plant) {
    this.jid = jid.withResource('console-7f3a');
    this.#password = password;
    this.#plant = plant;
    this.#contact('plc@localhost', { name: 'Water tank' }, true);
    this.#contact('host@localhost', {}, true);
    this.#contact('lamp@localhost', { name: 'Yard lamp' }, true);
    this.#contact('meter@localhost', { name: 'Pump energy meter' }, true);
    this.#contact('boiler@localhost', { name: 'Boiler house' }, false);
    this.#contact('romeo@localhost', {}, true);
  }

  get state(): ClientState {
    return this.#state;
  }

  get contacts(): ReadonlyMap<string, Contact> {
    return new Map(this.#contacts);
  }

  /** Loses the connection for a while. */
  lose(ms: number): void {
    this.#become('offline', new PeerError('connection-lost', 'the connection was closed'));
    setTimeout(() => this.#become('online'), ms);
  }

  start(): void {
    this.#become('connecting');
  }

  async ready(): Promise<void> {
    await pause(400);
    if (this.#password === 'wrong') throw new SaslError('not-authorized');
    this.#become('online');
    setTimeout(() => {
      this.contactsAreLoaded = true;
      this.#changed();
    }, 100);
  }

  async stop(): Promise<void> {
    this.#become('stopped');
  }

  onState(handler: (state: ClientState, error?: Error) => void): Unsubscribe {
    this.#stateHandlers.add(handler);
    return () => this.#stateHandlers.delete(handler);
  }

  onContacts(handler: () => void): Unsubscribe {
    this.#contactHandlers.add(handler);
    return () => this.#contactHandlers.delete(handler);
  }

  onFriendRequest(handler: (from: Jid) => void): Unsubscribe {
    const timer = setTimeout(() => handler(Jid.parse('juliet@localhost')), 500);
    return () => clearTimeout(timer);
  }

  fullJidOf(contact: Jid): Jid | undefined {
    return this.#contacts.get(contact.toString())?.resources.size ? contact.withResource('fake') : undefined;
  }

  befriend(contact: Jid): void {
    this.#contact(contact.bare.toString(), { subscription: 'none', ask: true }, false);
    setTimeout(
      () => this.#contact(contact.bare.toString(), { name: this.#contacts.get(contact.toString())?.name }, true),
      1500,
    );
  }

  async rename(contact: Jid, name: string): Promise<void> {
    const before = this.#contacts.get(contact.toString());
    if (before) this.#contacts.set(contact.toString(), { ...before, name });
    this.#changed();
  }

  async forget(contact: Jid): Promise<void> {
    this.#contacts.delete(contact.toString());
    this.#changed();
  }

  answerFriendRequest(): void {}

  async features(of: Jid): Promise<readonly string[]> {
    return of.local === 'romeo' ? ['urn:xmpp:ping'] : ['urn:xmpp:iot:sensordata', 'urn:xmpp:iot:control'];
  }

  async interfaces({ thing }: ControlTarget): Promise<readonly string[]> {
    await this.#trip();
    return this.#plant.devices.get(thing.bare.toString())?.interfaces ?? [];
  }

  async *read(thing: Jid, { types }: ReadWish): AsyncGenerator<readonly Field[]> {
    await this.#trip();
    yield this.#plant.read(thing.bare.toString(), types);
  }

  async controlForm({ thing }: ControlTarget): Promise<ControlForm> {
    await this.#trip();
    const parameters = this.#plant.devices.get(thing.bare.toString())?.parameters ?? [];
    return { parameters: parameters.map((parameter) => ({ parameter, value: this.#plant.valueOf(parameter.name) })) };
  }

  async setParameters(_target: ControlTarget, values: ReadonlyMap<string, ParameterValue>): Promise<void> {
    await pause(700);
    this.#plant.set(values);
  }

  async events({ part }: EventLogQuery): Promise<readonly StoredEvent[]> {
    await pause(100);
    if (part?.after !== undefined) return [];
    const sender = Jid.parse('plant@localhost');
    const event = {
      timestamp: since(60),
      type: 'Warning',
      level: 'Medium',
      facility: 'adapter',
      message: 'a request of scada@localhost was refused: writeSingleCoil',
      subject: 'scada@localhost',
      tags: [{ name: 'reason', type: 'xs:string', value: 'Access denied.' }],
    } as const;
    return [{ sequence: '1', sender, received: since(60), event }];
  }

  async history({ thing, from, to, maxPoints = 600 }: HistoryQuery): Promise<HistoryAnswer> {
    await pause(250);
    const end = (to?.getTime() ?? Date.now()) / 1000;
    const begin = (from?.getTime() ?? 0) / 1000;
    const step = Math.max(1, (end - begin) / maxPoints);
    const measured = this.#plant.devices.get(thing.toString())?.measured ?? [];
    return {
      series: measured.map(({ name, unit, decimals, at }) => {
        const points: HistoryPoint[] = [];
        for (let time = begin; time < end; time += step) {
          // An outage, to be seen as a gap.
          const age = (end - time) / (end - begin);
          if (age > 0.42 && age < 0.5) continue;
          const samples = Array.from({ length: step > 1 ? 12 : 1 }, (_, i) => at(time + (i * step) / 12));
          const average = samples.reduce((sum, value) => sum + value, 0) / samples.length;
          points.push({
            timestamp: new Date(time * 1000),
            value: average.toFixed(decimals),
            ...(samples.length > 1
              ? { min: Math.min(...samples).toFixed(decimals), max: Math.max(...samples).toFixed(decimals), count: 12 }
              : {}),
          });
        }
        return { name, type: 'numeric', unit, points };
      }),
    };
  }

  async claim(tags: readonly MetaTag[]): Promise<ThingReference> {
    await pause(600);
    if (!tags.some(({ value }) => value === 'EM-24-118')) throw new StanzaError('item-not-found');
    return { jid: Jid.parse('meter@localhost'), node: undefined };
  }

  async accessQuestions(): Promise<readonly AccessQuestionToOwner[]> {
    return this.#questions;
  }

  async accessRules(): Promise<readonly AccessRule[]> {
    return this.#rules;
  }

  async answerAccess({ question, scope, isAllowed, names, types, once, until }: OwnerAnswer): Promise<AccessRule> {
    await pause(200);
    const asked = this.#questions.find(({ id }) => id === question);
    if (!asked) throw new StanzaError('item-not-found', 'you have no such question');
    this.#questions = this.#questions.filter(({ id }) => id !== question);
    const { jid, node, kind, requester } = asked;
    const subject = scope === 'anyone' ? '' : scope === 'domain' ? requester.domain : requester.toString();
    const content = { isAllowed, names, types, once, until };
    const rule = { id: question + 10, jid, node, kind, scope, subject, ...content, made: new Date() };
    this.#rules = [...this.#rules, rule];
    return rule;
  }

  async editAccess({ rule, ...content }: RuleEdit): Promise<AccessRule> {
    await pause(200);
    const before = this.#rules.find(({ id }) => id === rule);
    if (!before) throw new StanzaError('item-not-found', 'you have no such rule');
    const { jid, node, kind, scope, subject, made } = before;
    const after = { id: rule, jid, node, kind, scope, subject, made, ...content };
    this.#rules = this.#rules.map((other) => (other.id === rule ? after : other));
    return after;
  }

  async withdrawAccess(rule: number): Promise<void> {
    await pause(200);
    this.#rules = this.#rules.filter(({ id }) => id !== rule);
  }

  async dismissAccess(question: number): Promise<void> {
    await pause(200);
    this.#questions = this.#questions.filter(({ id }) => id !== question);
  }

  onAccessQuestion(): Unsubscribe {
    return () => undefined;
  }

  async network(): Promise<FakeNetwork> {
    return this.mcap;
  }

  async search(_operators: readonly SearchOperator[], offset: number): Promise<SearchResult> {
    await pause(300);
    const thing = (local: string, tags: MetaTag[]) => ({
      jid: Jid.parse(`${local}@localhost`),
      node: undefined,
      owner: Jid.parse('owner@localhost'),
      tags,
    });
    const tags: MetaTag[] = [
      { name: 'MAN', type: 'str', value: 'thingward.example' },
      { name: 'MODEL', type: 'str', value: 'TankPLC 4' },
      { name: 'V', type: 'num', value: 2.6 },
    ];
    return offset === 0
      ? {
          things: [thing('plc', tags), thing('weather', [...tags, { name: 'CITY', type: 'str', value: 'Valparaíso' }])],
          more: true,
        }
      : { things: [thing('chiller', tags)], more: false };
  }

  async #trip(): Promise<void> {
    if (this.#state !== 'online') throw new PeerError('not-connected', 'not connected');
    await pause(40);
  }

  #contact(jid: string, rest: Partial<Contact>, isAvailable: boolean): void {
    const resources = new Map(isAvailable ? [['fake', { priority: 0 }]] : []);
    this.#contacts.set(jid, { jid: Jid.parse(jid), subscription: 'both', ask: false, groups: [], resources, ...rest });
    this.#changed();
  }

  #changed(): void {
    for (const handler of this.#contactHandlers) handler();
  }

  #become(state: ClientState, error?: Error): void {
    this.#state = state;
    for (const handler of this.#stateHandlers) handler(state, error);
  }
}
