import { randomBytes } from 'node:crypto';
import { KeyedLock } from '@thingward/services';
import {
  CONTROL_DIALECTS,
  type CommandState,
  controlDialectOf,
  decodingRequest,
  encodeOutcome,
  encodePartlySuperseded,
  encodeQueued,
  encodeWithdrawn,
  type MailboxEntry,
  nextWaking,
  type Queued,
  type ReadoutId,
  readoutDialectOf,
  supersede,
} from '@thingward/things';
import { type Element, xml } from '@thingward/xml';
import { encodeDelay, type Jid, message, NS, StanzaError } from '@thingward/xmpp';
import type { ServerContext } from '../module.ts';
import type { Session } from '../session.ts';
import { Stanza } from '../stanza.ts';
import { CommandStore, type KeptCommand } from './command-store.ts';
import type { Friends } from './friends.ts';
import { unavailable } from './last-known-state.ts';
import type { MailboxSettings } from './mailbox-config.ts';
import { checkRoom } from './mailbox-room.ts';
import { accessDenied, answerOf, type Outcome, readoutFailure } from './outcome-messages.ts';
import { isLastMessage, type ReadoutPart, readoutPartOf } from './readout-messages.ts';
import type { KnownSleeper } from './sleepers.ts';
import type { BatterySchema, CommandKind } from './tables.ts';

/** setTimeout takes no more. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** What became of commands is kept of so many for each Thing, however little it is. */
const MAX_OUTCOMES = 100;
const SWEEP_MS = 3_600_000;
/** How late a Thing may wake and find read-outs still there. */
const LATE_MS = 60_000;
/** Added to the identity of a command: that of the request that takes it back. */
const CANCEL_SUFFIX = '/cancel';

/** A command or read-out that was given to the Thing, until its outcome is known. */
interface Underway {
  readonly command: KeptCommand;
  readonly session: Session;
  readonly timer: NodeJS.Timeout;
  /** Its reader does not want it any more. */
  isCancelled: boolean;
}

/** A command that somebody gives. */
export interface GivenCommand {
  readonly kind: CommandKind;
  readonly payload: Element;
  readonly expiresMs?: number | undefined;
}

/** A read-out that somebody asks for. */
export interface GivenReadout {
  readonly payload: Element;
  readonly seqnr: ReadoutId;
  /** Not before; undefined: when the Thing wakes. */
  readonly when?: Date | undefined;
}

export interface MailboxesOptions extends Pick<ServerContext, 'router' | 'sessions' | 'domain' | 'log' | 'database'> {
  readonly settings: MailboxSettings;
  readonly friends: Friends;
}

/**
 * Commands and read-outs for Things that sleep: kept until they wake, given to them once, and each of them answered or expired in the end. What is known of
 * a command is in the database before it is acted on, so that none is given twice, whatever happens.
 * @see docs/battery-powered.md §5
 */
export class Mailboxes {
  readonly #options: MailboxesOptions;
  readonly #store: CommandStore;
  /** Of one account at a time. */
  readonly #locks = new KeyedLock();
  readonly #underway = new Map<string, Underway>();
  /** Commands as they were sent, to be known again when they come back. */
  readonly #sent = new WeakMap<Stanza, string>();
  readonly #sweep: NodeJS.Timeout;
  readonly #working = new Set<Promise<unknown>>();
  /** Told when nothing is underway to an account any more. */
  readonly #waiters = new Map<string, () => void>();
  #expiryTimer: NodeJS.Timeout | undefined;
  #expiryAt = Number.POSITIVE_INFINITY;
  #lastId = 0;
  #isStopped = false;

  constructor(options: MailboxesOptions) {
    this.#options = options;
    this.#store = new CommandStore(options.database.withTables<BatterySchema>());
    this.#sweep = setInterval(() => this.start(() => this.#forgetOld()), SWEEP_MS).unref();
  }

  /** What was underway when the server ended was given to the Thing or not: it is not given again. */
  async load(): Promise<void> {
    for (const command of await this.#store.underway()) await this.#finish(command, 'unknown');
    await this.#armExpiry();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#sweep);
    clearTimeout(this.#expiryTimer);
    for (const { timer } of this.#underway.values()) clearTimeout(timer);
    await Promise.allSettled([...this.#working]);
  }

  /** Does something for one account, after what is being done for it already. */
  run<T>(localpart: string, task: () => Promise<T>): Promise<T> {
    const work = this.#locks.run(localpart, task);
    this.#track(work);
    return work;
  }

  /** Does something nobody waits for. */
  start(task: () => Promise<void>): void {
    const work = task().catch((error: unknown) => {
      if (!this.#isStopped) this.#options.log.error({ err: error }, 'a mailbox could not be kept');
    });
    this.#track(work);
  }

  #track(work: Promise<unknown>): void {
    this.#working.add(work);
    const done = () => this.#working.delete(work);
    work.then(done, done);
  }

  /**
   * Takes a command for a Thing. To be called by `run`.
   * @throws StanzaError why it is not taken
   */
  async take(request: Stanza, localpart: string, sleeper: KnownSleeper, given: GivenCommand): Promise<Queued> {
    const { settings, friends } = this.#options;
    await friends.check(localpart, request.from);
    const dialect = given.payload.name === 'set' ? controlDialectOf(given.payload.namespace) : undefined;
    if (!dialect) {
      const namespaces = CONTROL_DIALECTS.map(({ namespace }) => namespace).join(', ');
      throw new StanzaError('not-acceptable', `only a <set/> waits for a Thing, of ${namespaces}`);
    }
    const wanted = decodingRequest(() => dialect.decodeRequest(given.payload));
    if (wanted.settings.length === 0 && !wanted.form) throw new StanzaError('bad-request', 'it sets nothing');
    const now = new Date();
    const command = this.#newCommand(request, localpart, given, now);
    const next = nextWaking(sleeper.schedule, now);
    if (next && next > command.expiresAt) throw unavailable(sleeper, 'it does not wake before the command expires');

    const waiting = await this.#store.list(localpart, ['waiting']);
    const replaced = waiting.flatMap((earlier) => {
      if (earlier.kind === 'readout') return [];
      const { parameters, rest } = supersede(earlier.payload, command.payload);
      return parameters.length === 0 ? [] : [{ earlier, parameters, id: earlier.id, rest }];
    });
    checkRoom(waiting, replaced, command, settings);
    await this.#store.add(command, replaced);
    const queued = { id: command.id, until: command.expiresAt, next };
    if (given.kind !== 'command') this.#tell(command, encodeQueued({ ...queued, request: command.stanzaId }));
    for (const { earlier, parameters, rest } of replaced) {
      if (rest) this.#tell(earlier, encodePartlySuperseded({ id: earlier.id, parameters }));
      else this.#tellOutcome(earlier, { state: 'superseded', at: now });
    }
    if (command.expiresAt.getTime() < this.#expiryAt) this.#setExpiry(command.expiresAt);
    return queued;
  }

  /**
   * Takes a read-out that only the Thing can answer. It waits until the Thing has woken once, however long it sleeps. To be called by `run`.
   * @throws StanzaError why it is not taken
   * @see docs/battery-powered.md §6
   */
  async takeReadout(request: Stanza, localpart: string, sleeper: KnownSleeper, given: GivenReadout): Promise<Queued> {
    const { settings } = this.#options;
    const now = new Date();
    const notBefore = given.when && given.when > now ? given.when : undefined;
    const from = notBefore ?? now;
    const next = nextWaking(sleeper.schedule, from);
    const untilNextMs = next ? next.getTime() - from.getTime() + LATE_MS : 0;
    const expiresMs = from.getTime() - now.getTime() + Math.max(settings.defaultExpirySeconds * 1000, untilNextMs);
    const readout = String(given.seqnr);
    const command: KeptCommand = {
      ...this.#newCommand(request, localpart, { kind: 'readout', payload: given.payload, expiresMs }, now),
      notBefore,
      readout,
    };
    const earliest = next ?? from;
    if (earliest > command.expiresAt) throw unavailable(sleeper, 'it does not wake before the read-out would expire');
    const open = await this.#store.list(localpart, ['waiting', 'delivered']);
    if (open.some((other) => other.readout === readout && other.sender.equals(command.sender))) {
      throw new StanzaError('bad-request', `the read-out ${readout} has not ended yet`);
    }
    checkRoom(
      open.filter(({ state }) => state === 'waiting'),
      [],
      command,
      settings,
    );
    await this.#store.add(command, []);
    if (command.expiresAt.getTime() < this.#expiryAt) this.#setExpiry(command.expiresAt);
    return { id: command.id, until: command.expiresAt, next, request: command.stanzaId, readout };
  }

  /** Takes a read-out back, for its reader. To be called by `run`. @returns false when there is none */
  async cancelReadout(localpart: string, reader: Jid, { readout }: ReadoutPart): Promise<boolean> {
    const open = await this.#store.list(localpart, ['waiting', 'delivered']);
    const command = open.find((other) => other.readout === readout && other.sender.equals(reader));
    if (!command) return false;
    const given = this.#underway.get(command.id);
    if (given) this.#cancelAtThing(given);
    else await this.#record(command, 'cancelled', new Date());
    return true;
  }

  #cancelAtThing(given: Underway): void {
    const { command, session } = given;
    const dialect = readoutDialectOf(command.payload.namespace);
    if (given.isCancelled || !dialect) return;
    given.isCancelled = true;
    const id = `${command.id}${CANCEL_SUFFIX}`;
    const cancel = dialect.encodeCancel(command.readout ?? '');
    const element = xml('iq', { xmlns: NS.client, type: dialect.cancelType, id }, cancel);
    session.send(Stanza.made(element, command.sender, session.jid));
  }

  /** A message of a read-out bounced: its reader has gone. @returns whether it was one of those that waited */
  bounced(stanza: Stanza, localpart: string): boolean {
    const given = this.#readoutUnderway(stanza, localpart, stanza.from);
    if (!given) return false;
    given.isCancelled = true;
    given.session.send(stanza.readdressed(given.session.jid));
    this.#settle(given, 'cancelled');
    return true;
  }

  /** Is the read-out, whoever's, being answered by the Thing now? */
  isReadoutUnderway(stanza: Stanza, localpart: string): boolean {
    return this.#readoutUnderway(stanza, localpart, stanza.from) !== undefined;
  }

  #readoutUnderway(stanza: Stanza, localpart: string, reader: Jid | undefined): Underway | undefined {
    if (this.#underway.size === 0 || reader === undefined) return undefined;
    const part = readoutPartOf(stanza);
    if (!part) return undefined;
    for (const given of this.#underway.values()) {
      const { command } = given;
      if (command.readout !== part.readout || command.localpart !== localpart) continue;
      if (command.sender.equals(reader) && command.payload.namespace === part.payload.namespace) return given;
    }
    return undefined;
  }

  /**
   * A message of a read-out that waited goes on as if it came from the address that was asked.
   * @returns undefined for what is no such message
   */
  relayed(stanza: Stanza, session: Session): Promise<void> | undefined {
    const given = this.#readoutUnderway(stanza, session.localpart, stanza.to);
    if (!given || given.session !== session) return undefined;
    return this.#relay(given, stanza.element, readoutPartOf(stanza) as ReadoutPart);
  }

  async #relay(given: Underway, element: Element, part: ReadoutPart): Promise<void> {
    const { addressee, sender } = given.command;
    given.timer.refresh();
    if (!given.isCancelled) await this.#options.router.route(Stanza.made(element, addressee, sender));
    if (isLastMessage(part)) this.#settle(given, 'answered');
  }

  #newCommand(request: Stanza, localpart: string, given: GivenCommand, now: Date): KeptCommand {
    const { defaultExpirySeconds, maxExpirySeconds } = this.#options.settings;
    const wantedMs = given.expiresMs ?? defaultExpirySeconds * 1000;
    if (wantedMs <= 0) throw new StanzaError('bad-request', 'it has expired already');
    this.#lastId = (this.#lastId + 1) % 36 ** 3;
    const order = now.getTime().toString(36).padStart(9, '0') + this.#lastId.toString(36).padStart(3, '0');
    return {
      id: `${order}${randomBytes(9).toString('base64url')}`,
      localpart,
      sender: request.from,
      addressee: request.to as Jid,
      kind: given.kind,
      stanzaId: request.id,
      receivedAt: now,
      expiresAt: new Date(now.getTime() + Math.min(wantedMs, maxExpirySeconds * 1000)),
      payload: given.payload,
      state: 'waiting',
      finishedAt: undefined,
      notBefore: undefined,
      readout: undefined,
    };
  }

  /** Tells the reader that its read-out waits, once it knows that it is queued. */
  tellQueued(localpart: string, reader: Jid, thing: Jid, queued: Queued): void {
    if (this.#hasGone(reader)) return;
    const from = thing.local === localpart ? thing : this.#options.router.accountJid(localpart);
    void this.#options.router.route(Stanza.made(message('normal', {}, encodeQueued(queued)), from, reader));
  }

  /** Gives the Thing all that waits for it. To be called by `run`. @returns how many commands it was given */
  async deliver(localpart: string, session: Session): Promise<number> {
    const now = new Date();
    const due: KeptCommand[] = [];
    for (const command of await this.#store.list(localpart, ['waiting'])) {
      if (command.expiresAt <= now) await this.#finish(command, 'expired');
      else if (command.notBefore && command.notBefore > now) continue;
      // Nobody would read it.
      else if (command.kind === 'readout' && this.#hasGone(command.sender)) await this.#finish(command, 'cancelled');
      else if (await this.#options.friends.has(localpart, command.sender)) due.push(command);
      else await this.#finish(command, 'refused', accessDenied());
    }
    if (due.length === 0 || session.wire === undefined) return 0;
    await this.#store.markDelivered(due.map(({ id }) => id));
    for (const command of due) this.#give(command, session);
    return due.filter(({ kind }) => kind !== 'readout').length;
  }

  #give(command: KeptCommand, session: Session): void {
    const { id, kind } = command;
    const stanza = this.#requestTo(command, session);
    this.#sent.set(stanza, id);
    const timer = setTimeout(() => this.#giveUp(id), this.#options.settings.answerTimeoutMs).unref();
    this.#underway.set(id, { command, session, timer, isCancelled: false });
    session.send(stanza);
    // Without acknowledgements nobody ever knows whether a message has arrived.
    if (kind === 'message' && !session.management) this.#giveUp(id);
  }

  #requestTo({ id, kind, payload, sender, receivedAt }: KeptCommand, { jid }: Session): Stanza {
    const delay = () => encodeDelay({ stamp: receivedAt, from: this.#options.router.domain });
    const type = kind === 'readout' ? 'get' : 'set';
    const element =
      kind === 'message'
        ? message('normal', { id }, payload, delay())
        : xml('iq', { xmlns: NS.client, type, id }, payload);
    return Stanza.made(element, sender, jid);
  }

  /** Is it the answer to a command that was given? Then its sender gets it. */
  answered(stanza: Stanza, session: Session): boolean {
    const { id = '' } = stanza;
    const isToCancel = id.endsWith(CANCEL_SUFFIX);
    const given = this.#underway.get(isToCancel ? id.slice(0, -CANCEL_SUFFIX.length) : id);
    if (!given || given.session.localpart !== session.localpart || !stanza.to?.equals(given.command.sender))
      return false;
    const isRefusal = stanza.type === 'error';
    const payload = isRefusal ? stanza.element.child('error') : stanza.element.elements[0];
    if (isToCancel) {
      this.#settle(given, 'cancelled');
      return true;
    }
    if (given.command.kind === 'readout' && !isRefusal) {
      this.#readoutAccepted(given, stanza);
      return true;
    }
    this.#settle(given, isRefusal ? 'refused' : 'answered', payload, isRefusal ? stanza.element : undefined);
    return true;
  }

  /** The read-out begins now, for one that was told that it is queued. Some Things answer with the first message in place of `accepted`. */
  #readoutAccepted(given: Underway, answer: Stanza): void {
    const { command } = given;
    const part = readoutPartOf(answer);
    if (part && !part.payload.is('accepted', command.payload.namespace)) {
      this.start(() => this.#relay(given, message('normal', {}, part.payload), part));
      return;
    }
    given.timer.refresh();
    const dialect = readoutDialectOf(command.payload.namespace);
    if (!dialect || given.isCancelled) return;
    const started = dialect.encodeMessage({ kind: 'started', seqnr: command.readout ?? '' });
    void this.#options.router.route(Stanza.made(message('normal', {}, started), command.addressee, command.sender));
  }

  /** The Thing has got a message. */
  acknowledged(stanza: Stanza): void {
    const given = this.#underway.get(this.#sent.get(stanza) ?? '');
    if (given?.command.kind === 'message') this.#settle(given, 'answered');
  }

  /** What stands in the place of a command that must not be repeated; undefined for what is none. */
  instead(stanza: Stanza): Stanza | undefined {
    const id = this.#sent.get(stanza);
    if (id === undefined) return undefined;
    this.#giveUp(id);
    const to = stanza.to as Jid;
    return Stanza.made(message('headline', {}, encodeWithdrawn(id)), to.bare, to);
  }

  /** The session it was given to ended. @returns whether it was a command */
  takesBack(stanza: Stanza): boolean {
    const id = this.#sent.get(stanza);
    if (id !== undefined) this.#giveUp(id);
    return id !== undefined;
  }

  /** Commands among what a client has not acknowledged. */
  idsOf(stanzas: readonly Stanza[]): readonly (string | null)[] {
    return stanzas.map((stanza) => this.#sent.get(stanza) ?? null);
  }

  /** They are commands of before the server started. */
  recognise(stanzas: readonly Stanza[], ids: readonly (string | null)[]): void {
    for (const [position, id] of ids.entries()) {
      const stanza = stanzas[position];
      if (stanza && id !== null) this.#sent.set(stanza, id);
    }
  }

  /** A session has ended: it answers nothing any more. */
  ended(session: Session): void {
    for (const [id, given] of this.#underway) if (given.session === session) this.#giveUp(id);
  }

  /** Calls when all that an account was given has an outcome, which may be now. */
  whenSettled(localpart: string, call: () => void): void {
    this.#waiters.set(localpart, call);
    this.#checkSettled(localpart);
  }

  /** Nobody waits for that any more. */
  forgetWaiter(localpart: string): void {
    this.#waiters.delete(localpart);
  }

  /** What somebody may see of a mailbox. @param isAll is it all of it? */
  async list(localpart: string, asker: Jid, isAll: boolean): Promise<readonly MailboxEntry[]> {
    const states: readonly CommandState[] = [
      'waiting',
      'delivered',
      'answered',
      'refused',
      'superseded',
      'expired',
      'unknown',
      'cancelled',
    ];
    const commands = await this.#store.list(localpart, states);
    return commands
      .filter(({ sender }) => isAll || sender.bare.equals(asker.bare))
      .map(({ id, sender, state, receivedAt, expiresAt, finishedAt, payload }) => ({
        id,
        sender,
        state,
        received: receivedAt,
        until: expiresAt,
        finished: finishedAt,
        payload,
      }));
  }

  async countWaiting(localpart: string, asker: Jid, isAll: boolean): Promise<number> {
    const waiting = await this.#store.list(localpart, ['waiting']);
    return waiting.filter(({ sender }) => isAll || sender.bare.equals(asker.bare)).length;
  }

  /** Takes a command back. To be called by `run`. @throws StanzaError */
  async cancel(localpart: string, asker: Jid, id: string, isAll: boolean): Promise<void> {
    const command = await this.#store.get(localpart, id);
    if (!command || !(isAll || command.sender.bare.equals(asker.bare))) {
      throw new StanzaError('item-not-found', 'you have no such command here');
    }
    if (command.state !== 'waiting') throw new StanzaError('unexpected-request', `it is ${command.state} already`);
    await this.#finish(command, 'cancelled');
  }

  #giveUp(id: string): void {
    const given = this.#underway.get(id);
    if (given) this.#settle(given, 'unknown');
  }

  #settle(given: Underway, state: CommandState, payload?: Element, refusal?: Element): void {
    const { command, timer, isCancelled } = given;
    clearTimeout(timer);
    this.#underway.delete(command.id);
    const end = () =>
      isCancelled ? this.#record(command, 'cancelled', new Date()) : this.#finish(command, state, payload, refusal);
    this.start(() => this.run(command.localpart, end));
    this.#checkSettled(command.localpart);
  }

  #checkSettled(localpart: string): void {
    const waiter = this.#waiters.get(localpart);
    if (!waiter) return;
    for (const { command } of this.#underway.values()) if (command.localpart === localpart) return;
    this.#waiters.delete(localpart);
    waiter();
  }

  async #finish(command: KeptCommand, state: CommandState, payload?: Element, refusal?: Element): Promise<void> {
    const at = new Date();
    await this.#record(command, state, at, () => this.#tellOutcome(command, { state, at, payload, refusal }));
  }

  async #record({ id, localpart }: KeptCommand, state: CommandState, at: Date, tell?: () => void): Promise<void> {
    await this.#store.finish(id, state, at);
    tell?.();
    await this.#store.trim(localpart, MAX_OUTCOMES);
  }

  /** As its sender expects it: by a message, or as the answer to its request. */
  #tellOutcome(command: KeptCommand, outcome: Outcome): void {
    const { id, kind, addressee, sender } = command;
    const { state, at, payload } = outcome;
    if (kind === 'command' || (kind === 'message' && state === 'answered')) {
      this.#tell(command, encodeOutcome({ id, state, at, payload }));
      return;
    }
    const answer = kind === 'readout' ? readoutFailure(command, outcome) : answerOf(command, outcome);
    // A read-out is of no use to another resource.
    if (!answer || (kind === 'readout' && this.#hasGone(sender))) return;
    void this.#options.router.route(Stanza.made(answer, addressee, sender));
  }

  /** Is it a resource of an account of this server that has no session any more? */
  #hasGone(jid: Jid): boolean {
    const { sessions, domain } = this.#options;
    return jid.domain === domain && jid.local !== undefined && !sessions.get(jid);
  }

  /** By a message from the Thing's account, which waits where the sender has gone. */
  #tell({ localpart, sender }: KeptCommand, payload: Element): void {
    const { router } = this.#options;
    const stanza = Stanza.made(
      message('normal', {}, payload),
      router.accountJid(localpart),
      this.#hasGone(sender) ? sender.bare : sender,
    );
    void router.route(stanza);
  }

  async #armExpiry(): Promise<void> {
    const at = await this.#store.nextExpiry();
    this.#expiryAt = Number.POSITIVE_INFINITY;
    if (at) this.#setExpiry(at);
  }

  #setExpiry(at: Date): void {
    if (this.#isStopped) return;
    clearTimeout(this.#expiryTimer);
    this.#expiryAt = at.getTime();
    const waitMs = Math.min(Math.max(0, this.#expiryAt - Date.now()), MAX_TIMER_MS);
    this.#expiryTimer = setTimeout(() => this.start(() => this.#expire()), waitMs).unref();
  }

  async #expire(): Promise<void> {
    for (const { localpart, id } of await this.#store.expired(new Date())) {
      await this.run(localpart, async () => {
        // Meanwhile it may have been given to the Thing.
        const command = await this.#store.get(localpart, id);
        if (command?.state === 'waiting') await this.#finish(command, 'expired');
      });
    }
    await this.#armExpiry();
  }

  async #forgetOld(): Promise<void> {
    await this.#store.forget(new Date(Date.now() - this.#options.settings.keepOutcomesSeconds * 1000));
  }
}
