import {
  decodeEventLogQuery,
  decodeLoggedEvent,
  decodingRequest,
  EVENT_LOG,
  EVENT_LOG_QUERY,
  EVENT_TYPES,
  type EventType,
  encodeEventLogAnswer,
  type LoggedEvent,
  type StoredEvent,
} from '@thingward/things';
import type { Element } from '@thingward/xml';
import {
  type IqRequest,
  type Jid,
  type Logger,
  PING,
  type Received,
  SILENT_LOGGER,
  StanzaError,
  serveDisco,
  servePing,
  type Unsubscribe,
  type XmppPeer,
} from '@thingward/xmpp';
import type { Kysely } from 'kysely';
import { SenderPace } from '../sender-pace.ts';
import { isServedBy, isServiceBeside } from '../served-domain.ts';
import { Tasks } from '../tasks.ts';
import { EventPublisher } from './event-publisher.ts';
import { EventStore } from './event-store.ts';
import { DEFAULT_EVENT_LOG_LIMITS, type EventLogLimits, shortened } from './limits.ts';
import type { ReceivedEvent } from './stored-event.ts';
import type { EventLogTables } from './tables.ts';

export interface EventLogOptions {
  /** Its `jid` is the log's. */
  readonly peer: XmppPeer;
  /** Migrated with `eventLogMigrations`. */
  readonly database: Kysely<EventLogTables>;
  /** May ask for events: bare JIDs. Events say what happens in a plant, so that nobody may who is not named. */
  readonly readers: readonly Jid[];
  /** Who may ask beside them. */
  readonly mayRead?: ((jid: Jid) => Promise<boolean>) | undefined;
  /** How long events are kept, in days; undefined: for ever. */
  readonly retentionDays?: number | undefined;
  /** How many events are kept; 1,000,000 when not given. */
  readonly maxEvents?: number | undefined;
  /** Publishes events of this type and above to a node, for those who may see it. @see XEP-0337 §7.3.2 */
  readonly publish?: { readonly service: Jid; readonly node: string; readonly leastType: EventType } | undefined;
  /** Who may tell; when not given, every address of the domain that the log's own domain lies under, and the services beside it. */
  readonly accepts?: (sender: Jid) => boolean;
  readonly limits?: Partial<EventLogLimits>;
  readonly log?: Logger;
  readonly clock?: () => Date;
  /** How long events are gathered before they are written together, in ms. */
  readonly writePauseMs?: number;
}

const DAY_MS = 86_400_000;
const EVENTS_PER_WRITE = 1000;
const PRUNING = { stepPauseMs: 100, roundPauseMs: 600_000 };

/**
 * Collects what happens on the network: who may tell sends messages, and who may know asks. An event is who the server vouches for that
 * sent it. What waits to be written is bounded; when the database can't write, events wait, and then are refused.
 * @see XEP-0337
 */
export class EventLogService {
  readonly #options: EventLogOptions;
  readonly #peer: XmppPeer;
  readonly #limits: EventLogLimits;
  readonly #log: Logger;
  readonly #clock: () => Date;
  readonly #store: EventStore;
  readonly #pace: SenderPace;
  readonly #readers: ReadonlySet<string>;
  readonly #publisher: EventPublisher | undefined;
  readonly #tasks: Tasks;
  readonly #waiting: ReceivedEvent[] = [];
  #isWriteFailing = false;
  #stops: Unsubscribe[] = [];

  constructor(options: EventLogOptions) {
    const { peer, log = SILENT_LOGGER } = options;
    this.#options = options;
    this.#peer = peer;
    this.#limits = { ...DEFAULT_EVENT_LOG_LIMITS, ...options.limits };
    this.#log = log;
    this.#clock = options.clock ?? (() => new Date());
    this.#store = new EventStore(options.database);
    this.#pace = new SenderPace(this.#limits);
    this.#readers = new Set(options.readers.map((jid) => jid.bare.toString()));
    this.#publisher =
      options.publish && new EventPublisher({ ...options.publish, peer, readers: options.readers, log });
    this.#tasks = new Tasks((error) => log.error({ err: error }, 'the log of events failed'));
  }

  async start(): Promise<void> {
    const { writePauseMs = 200, retentionDays, maxEvents = 1_000_000 } = this.#options;
    const peer = this.#peer;
    const features = [EVENT_LOG, EVENT_LOG_QUERY, PING];
    this.#stops = [
      serveDisco(peer, { identities: [{ category: 'component', type: 'log', name: 'Event Log' }], features }),
      servePing(peer),
      peer.onMessage({ name: 'log', namespace: EVENT_LOG }, (received) => this.#received(received)),
      peer.onIq('get', { name: 'query', namespace: EVENT_LOG_QUERY }, (request) => this.#query(request)),
      this.#tasks.every(writePauseMs, () => this.#writeWaiting()),
      this.#tasks.every(PRUNING.roundPauseMs, async () => {
        const before = retentionDays === undefined ? 0 : this.#clock().getTime() - retentionDays * DAY_MS;
        const isDone = await this.#store.prune({ before, maxEvents });
        return isDone ? PRUNING.roundPauseMs : PRUNING.stepPauseMs;
      }),
    ];
  }

  /** Takes no events any more, and writes those that wait. */
  async stop(): Promise<void> {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    await this.#tasks.stop();
    await this.#writeWaiting();
    await this.#publisher?.stop();
  }

  /** Takes events from within this process. They are as good as sent: the same bounds hold. @throws StanzaError `resource-constraint` */
  record(sender: Jid, events: readonly LoggedEvent[]): void {
    const received = this.#clock();
    const allowed = this.#pace.take(sender.bare.toString(), events.length, received.getTime());
    const free = Math.max(0, this.#limits.waiting - this.#waiting.length);
    const taken = events.slice(0, Math.min(allowed, free));
    for (const event of taken) {
      this.#waiting.push({ sender: sender.bare, received, event: shortened(event, this.#limits) });
    }
    if (taken.length === events.length) return;
    const reason = allowed < events.length ? 'you tell too much in a short time' : 'too many events wait to be written';
    throw new StanzaError('resource-constraint', `${events.length - taken.length} events were not logged: ${reason}`);
  }

  #received({ from, type, stanza }: Received): void {
    if (type === 'error') return;
    const { jid } = this.#peer;
    const accepts = this.#options.accepts ?? ((sender: Jid) => isServedBy(sender, jid) || isServiceBeside(sender, jid));
    if (!accepts(from.bare)) throw new StanzaError('forbidden', 'this log is not for events of your domain');
    const elements = stanza.childrenNamed('log', EVENT_LOG);
    if (elements.length > this.#limits.eventsPerMessage) {
      throw new StanzaError('policy-violation', `a message has at most ${this.#limits.eventsPerMessage} events`);
    }
    this.record(
      from,
      elements.map((element) => decodingRequest(() => decodeLoggedEvent(element))),
    );
  }

  async #query({ from, payload }: IqRequest): Promise<Element> {
    const isReader = this.#readers.has(from.bare.toString()) || (await this.#options.mayRead?.(from.bare));
    if (!isReader) throw new StanzaError('forbidden', 'you may not read the log of events');
    const query = decodingRequest(() => decodeEventLogQuery(payload));
    const { eventsPerAnswer, answerBytes } = this.#limits;
    const most = Math.min(query.part?.max ?? eventsPerAnswer, eventsPerAnswer);
    if (most === 0) return encodeEventLogAnswer({ events: [], part: {} });
    const found = await this.#tasks.run(() => this.#store.find(query, most));
    return answerOf(found, query.part?.after === undefined, answerBytes);
  }

  async #writeWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, EVENTS_PER_WRITE);
      try {
        await this.#store.add(batch);
      } catch (error) {
        // They stay and are tried again: a full disk is no reason to forget them. Told once, or the log would fill the log.
        if (!this.#isWriteFailing)
          this.#log.error({ err: error, waiting: this.#waiting.length }, 'events could not be written');
        this.#isWriteFailing = true;
        return;
      }
      this.#isWriteFailing = false;
      this.#waiting.splice(0, batch.length);
      this.#publisher?.offer(batch.filter(({ event }) => this.#isPublished(event)).map(({ event }) => event));
    }
  }

  #isPublished({ type }: LoggedEvent): boolean {
    const { publish } = this.#options;
    return publish !== undefined && EVENT_TYPES.indexOf(type) >= EVENT_TYPES.indexOf(publish.leastType);
  }
}

/** As many events as fit: of the last ones the last, of those after a place the first. */
function answerOf(found: readonly StoredEvent[], isFromEnd: boolean, answerBytes: number): Element {
  for (let count = found.length; ; count = Math.floor(count / 2)) {
    const events = isFromEnd ? found.slice(found.length - count) : found.slice(0, count);
    const part = { first: events[0]?.sequence, last: events.at(-1)?.sequence };
    const answer = encodeEventLogAnswer({ events, part });
    // One event always fits: what is kept of it is bounded.
    if (count <= 1 || Buffer.byteLength(answer.toString()) <= answerBytes) return answer;
  }
}
