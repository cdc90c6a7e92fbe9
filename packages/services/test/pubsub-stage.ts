import { Element, parseElement } from '@thingward/xml';
import { type DataForm, encodeDataForm, Jid, message, presence, StanzaError } from '@thingward/xmpp';
import { type Kysely, sql } from 'kysely';
import { isSqlite } from '../src/dialect.ts';
import { pubsubMigrations } from '../src/pubsub/migrations.ts';
import { PUBSUB, PUBSUB_OWNER } from '../src/pubsub/namespaces.ts';
import { PubSubService, type PubSubServiceOptions } from '../src/pubsub/pubsub-service.ts';
import type { PubSubTables } from '../src/pubsub/tables.ts';
import { memoryDatabase } from './memory-database.ts';
import { MemoryNetwork, type MemoryPeer } from './memory-network.ts';

export const SERVICE = Jid.parse('pubsub.shakespeare.lit');
export const ENTRY = "<entry xmlns='http://www.w3.org/2005/Atom'><title>Soliloquy</title></entry>";

/** A publish-subscribe service, and people of denmark.lit who may make nodes there. */
export class PubSubStage {
  readonly network = new MemoryNetwork();
  readonly database: Kysely<PubSubTables>;
  now = Date.parse('2003-12-13T18:30:02Z');
  service!: PubSubService;
  readonly #actors = new Map<string, PubSubActor>();

  private constructor(database: Kysely<PubSubTables>) {
    this.database = database;
  }

  static async open(options: Partial<PubSubServiceOptions> = {}): Promise<PubSubStage> {
    const stage = new PubSubStage(await memoryDatabase<PubSubTables>(pubsubMigrations));
    await stage.start(options);
    return stage;
  }

  /** Starts a service on what the one before has left in the database. */
  async start(options: Partial<PubSubServiceOptions> = {}): Promise<void> {
    await this.service?.stop();
    this.service = new PubSubService({
      peer: this.network.peer(SERVICE.toString()),
      database: this.database,
      mayCreate: ({ domain }) => domain === 'denmark.lit',
      clock: () => new Date(this.now),
      ...options,
    });
    await this.service.start();
  }

  async close(): Promise<void> {
    await this.service.stop();
    await this.database.destroy();
    if (this.network.errors.length > 0) throw this.network.errors[0];
  }

  actor(jid: string): PubSubActor {
    const known = this.#actors.get(jid) ?? new PubSubActor(this.network.peer(jid));
    this.#actors.set(jid, known);
    return known;
  }

  /** The stanzas that the service has sent to this address since it was asked last, but for answers. */
  async sentTo(jid: string, name = 'message'): Promise<readonly Element[]> {
    await settled(this.database);
    const { sent } = this.network;
    const found: Element[] = [];
    for (let i = 0; i < sent.length; ) {
      const stanza = parseElement(sent[i] as string);
      const isWanted =
        stanza.name === name &&
        stanza.attribute('type') !== 'error' &&
        stanza.attribute('from') === `${SERVICE}` &&
        stanza.attribute('to') === jid;
      if (isWanted) {
        found.push(stanza);
        sent.splice(i, 1);
      } else i++;
    }
    return found;
  }

  /** What the notifications to this address hold, as canonical text. */
  async eventsTo(jid: string): Promise<readonly string[]> {
    return (await this.sentTo(jid)).map((stanza) => canonical(stanza.elements[0] as Element));
  }
}

/** Somebody who asks the service. */
export class PubSubActor {
  readonly peer: MemoryPeer;

  constructor(peer: MemoryPeer) {
    this.peer = peer;
  }

  /** Sends what belongs into `<pubsub/>`. @returns the answer's payload as canonical text; '' when there is none */
  gets(content: string): Promise<string> {
    return this.#asks('get', PUBSUB, content);
  }
  sets(content: string): Promise<string> {
    return this.#asks('set', PUBSUB, content);
  }
  getsAsOwner(content: string): Promise<string> {
    return this.#asks('get', PUBSUB_OWNER, content);
  }
  setsAsOwner(content: string): Promise<string> {
    return this.#asks('set', PUBSUB_OWNER, content);
  }

  /** Any other request. */
  async asks(type: 'get' | 'set', payload: string): Promise<Element | undefined> {
    return this.peer.request(type, SERVICE, parseElement(payload));
  }

  sends(form: DataForm): void {
    this.peer.send(message('normal', { to: SERVICE }, encodeDataForm(form)));
  }

  shows(type?: string): void {
    this.peer.send(presence(type, { to: SERVICE }));
  }

  /** Sends a notification back with an error. */
  bounces(id: string, error: StanzaError): void {
    this.peer.send(errorMessage(id, error));
  }

  async #asks(type: 'get' | 'set', namespace: string, content: string): Promise<string> {
    const payload = parseElement(`<pubsub xmlns='${namespace}'>${content}</pubsub>`);
    const answer = await this.peer.request(type, SERVICE, payload);
    return answer ? canonical(answer) : '';
  }
}

function errorMessage(id: string, error: StanzaError): Element {
  return message('error', { to: SERVICE, id }, error.toElement());
}

/** The element, or the text of one, with attributes in order and no space between elements. */
export function canonical(input: Element | string): string {
  const element = typeof input === 'string' ? parseElement(input) : input;
  return sorted(element).toString();
}

function sorted(element: Element): Element {
  const attributes = Object.fromEntries(Object.entries(element.attributes).sort(([a], [b]) => (a < b ? -1 : 1)));
  const children = element.children
    .filter((child) => typeof child !== 'string' || child.trim() !== '')
    .map((child) => (typeof child === 'string' ? child : sorted(child)));
  return new Element(element.name, element.namespace, attributes, children);
}

export const pubsub = (content: string): string => canonical(`<pubsub xmlns='${PUBSUB}'>${content}</pubsub>`);
export const owner = (content: string): string => canonical(`<pubsub xmlns='${PUBSUB_OWNER}'>${content}</pubsub>`);
export const event = (content: string): string => canonical(`<event xmlns='${PUBSUB}#event'>${content}</event>`);

/** A submitted form; values by name. */
export function form(formType: string, fields: Readonly<Record<string, string | readonly string[]>>): string {
  const texts = Object.entries(fields).map(([name, values]) => {
    const list = typeof values === 'string' ? [values] : values;
    return `<field var='${name}'>${list.map((value) => `<value>${value}</value>`).join('')}</field>`;
  });
  return `<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>${PUBSUB}#${formType}</value></field>${texts.join('')}</x>`;
}

/** What a request is refused with: type, condition, and the condition of publish-subscribe where there is one. */
export async function refusal(request: Promise<unknown>): Promise<string> {
  try {
    return `was answered: ${await request}`;
  } catch (error) {
    if (!(error instanceof StanzaError)) throw error;
    const { type, condition, application } = error;
    const feature = application?.attribute('feature');
    const own = application ? ` ${application.name}${feature ? ` ${feature}` : ''}` : '';
    return `${type} ${condition}${own}`;
  }
}

/**
 * Everything that is on its way has arrived. A database with a connection answers after some time: each question that is asked of it waits
 * for those before, so that who goes from one to the next gets on by one at least.
 */
export async function settled(database?: Kysely<PubSubTables>): Promise<void> {
  for (let i = 0; i < 12; i++) {
    if (database && !isSqlite(database)) await sql`select 1`.execute(database);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
