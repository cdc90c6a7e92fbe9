import { randomBytes } from 'node:crypto';
import { KeyedLock } from '@thingward/services';
import {
  CONTROL_NAMESPACE,
  type CommandState,
  decodeControlRequest,
  decodingRequest,
  encodeOutcome,
  encodePartlySuperseded,
  encodeQueued,
  encodeWithdrawn,
  type MailboxEntry,
  nextWaking,
  type Queued,
  supersede,
} from '@thingward/things';
import { type Element, xml } from '@thingward/xml';
import { encodeDelay, type Jid, message, NS, StanzaError } from '@thingward/xmpp';
import type { ServerContext } from '../module.ts';
import type { Session } from '../session.ts';
import { Stanza } from '../stanza.ts';
import { CommandStore, type KeptCommand, type Replacement } from './command-store.ts';
import type { Friends } from './friends.ts';
import { unavailable } from './last-known-state.ts';
import type { MailboxSettings } from './mailbox-config.ts';
import type { KnownSleeper } from './sleepers.ts';
import type { BatterySchema, CommandKind } from './tables.ts';

/** setTimeout takes no more. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** What became of commands is kept of so many for each Thing, however little it is. */
const MAX_OUTCOMES = 100;
const SWEEP_MS = 3_600_000;

/** A command that was given to the Thing, until its outcome is known. */
interface Underway {
  readonly command: KeptCommand;
  readonly session: Session;
  readonly timer: NodeJS.Timeout;
}

/** A command that somebody gives. */
export interface GivenCommand {
  readonly kind: CommandKind;
  readonly payload: Element;
  readonly expiresMs?: number | undefined;
}

export interface MailboxesOptions extends Pick<ServerContext, 'router' | 'sessions' | 'domain' | 'log' | 'database'> {
  readonly settings: MailboxSettings;
  readonly friends: Friends;
}

/**
 * Commands for Things that sleep: kept until they wake, given to them once, and each of them answered or expired in the end. What is known of
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
    if (!given.payload.is('set', CONTROL_NAMESPACE)) {
      throw new StanzaError('not-acceptable', `only <set xmlns='${CONTROL_NAMESPACE}'/> waits for a Thing`);
    }
    const wanted = decodingRequest(() => decodeControlRequest(given.payload));
    if (wanted.settings.length === 0 && !wanted.form) throw new StanzaError('bad-request', 'it sets nothing');
    const now = new Date();
    const command = this.#newCommand(request, localpart, given, now);
    const next = nextWaking(sleeper.schedule, now);
    if (next && next > command.expiresAt) throw unavailable(sleeper, 'it does not wake before the command expires');

    const waiting = await this.#store.list(localpart, ['waiting']);
    const replaced = waiting.flatMap((earlier) => {
      const { parameters, rest } = supersede(earlier.payload, command.payload);
      return parameters.length === 0 ? [] : [{ earlier, parameters, id: earlier.id, rest }];
    });
    checkRoom(waiting, replaced, command, settings);
    await this.#store.add(command, replaced);
    const queued = { id: command.id, until: command.expiresAt, next };
    if (given.kind !== 'command') this.#tell(command, encodeQueued({ ...queued, request: command.stanzaId }));
    for (const { earlier, parameters, rest } of replaced) {
      if (rest) this.#tell(earlier, encodePartlySuperseded({ id: earlier.id, parameters }));
      else this.#tellOutcome(earlier, 'superseded', now);
    }
    if (command.expiresAt.getTime() < this.#expiryAt) this.#setExpiry(command.expiresAt);
    return queued;
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
    };
  }

  /** Gives the Thing all that waits for it. To be called by `run`. @returns how many it was given */
  async deliver(localpart: string, session: Session): Promise<number> {
    const now = new Date();
    const due: KeptCommand[] = [];
    for (const command of await this.#store.list(localpart, ['waiting'])) {
      if (command.expiresAt <= now) await this.#finish(command, 'expired');
      else if (await this.#options.friends.has(localpart, command.sender)) due.push(command);
      else await this.#finish(command, 'refused', accessDenied());
    }
    if (due.length === 0 || session.wire === undefined) return 0;
    await this.#store.markDelivered(due.map(({ id }) => id));
    for (const command of due) this.#give(command, session);
    return due.length;
  }

  #give(command: KeptCommand, session: Session): void {
    const { id, kind, payload, sender, receivedAt } = command;
    const { domain } = this.#options.router;
    const element =
      kind === 'message'
        ? message('normal', { id }, payload, encodeDelay({ stamp: receivedAt, from: domain }))
        : xml('iq', { xmlns: NS.client, type: 'set', id }, payload);
    const stanza = Stanza.made(element, sender, session.jid);
    this.#sent.set(stanza, id);
    const timer = setTimeout(() => this.#giveUp(id), this.#options.settings.answerTimeoutMs).unref();
    this.#underway.set(id, { command, session, timer });
    session.send(stanza);
    // Without acknowledgements nobody ever knows whether a message has arrived.
    if (kind === 'message' && !session.management) this.#giveUp(id);
  }

  /** Is it the answer to a command that was given? Then its sender gets it. */
  answered(stanza: Stanza, session: Session): boolean {
    const given = stanza.id === undefined ? undefined : this.#underway.get(stanza.id);
    if (!given || given.session.localpart !== session.localpart || !stanza.to?.equals(given.command.sender))
      return false;
    const isRefusal = stanza.type === 'error';
    const payload = isRefusal ? stanza.element.child('error') : stanza.element.elements[0];
    this.#settle(given, isRefusal ? 'refused' : 'answered', payload, isRefusal ? stanza.element : undefined);
    return true;
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

  #settle({ command, timer }: Underway, state: CommandState, payload?: Element, refusal?: Element): void {
    clearTimeout(timer);
    this.#underway.delete(command.id);
    this.start(() => this.run(command.localpart, () => this.#finish(command, state, payload, refusal)));
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
    const now = new Date();
    await this.#store.finish(command.id, state, now);
    this.#tellOutcome(command, state, now, payload, refusal);
    await this.#store.trim(command.localpart, MAX_OUTCOMES);
  }

  /** As its sender expects it: by a message, or as the answer to its request. */
  #tellOutcome(command: KeptCommand, state: CommandState, at: Date, payload?: Element, refusal?: Element): void {
    const { id, kind, stanzaId, addressee, sender } = command;
    const isWell = state === 'answered';
    if (kind === 'command' || (kind === 'message' && isWell)) {
      this.#tell(command, encodeOutcome({ id, state, at, payload }));
      return;
    }
    const name = kind === 'iq' ? 'iq' : 'message';
    const error = state === 'refused' ? payload : outcomeError(state, encodeOutcome({ id, state, at })).toElement();
    const content = isWell ? [payload] : (refusal?.elements ?? [error]);
    const element = xml(name, { xmlns: NS.client, type: isWell ? 'result' : 'error', id: stanzaId }, content);
    void this.#options.router.route(Stanza.made(element, addressee, sender));
  }

  /** By a message from the Thing's account, which waits where the sender has gone. */
  #tell({ localpart, sender }: KeptCommand, payload: Element): void {
    const { router, sessions, domain } = this.#options;
    const hasGone = sender.domain === domain && !sessions.get(sender);
    const stanza = Stanza.made(
      message('normal', {}, payload),
      router.accountJid(localpart),
      hasGone ? sender.bare : sender,
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

/** In the namespace it has in a stanza, for it may stand elsewhere. */
function accessDenied(): Element {
  const { elements } = new StanzaError('forbidden', 'Access denied.').toElement();
  return xml('error', { xmlns: NS.client, type: 'cancel' }, elements);
}

/** @throws StanzaError `resource-constraint` */
function checkRoom(
  waiting: readonly KeptCommand[],
  replaced: readonly Replacement[],
  command: KeptCommand,
  { maxCommands, maxCommandsPerSender, maxBytes }: MailboxSettings,
): void {
  const gone = new Set(replaced.filter(({ rest }) => rest === undefined).map(({ id }) => id));
  const left = waiting.filter(({ id }) => !gone.has(id));
  const own = left.filter(({ sender }) => sender.bare.equals(command.sender.bare));
  const bytes = left.reduce((sum, { payload }) => sum + payload.toString().length, command.payload.toString().length);
  if (left.length >= maxCommands || bytes > maxBytes) {
    throw new StanzaError('resource-constraint', 'too much waits for the Thing already');
  }
  if (own.length >= maxCommandsPerSender) {
    throw new StanzaError('resource-constraint', `you have ${own.length} commands waiting for the Thing already`);
  }
}

/** @see docs/battery-powered.md §5.3 */
function outcomeError(state: CommandState, application: Element): StanzaError {
  switch (state) {
    case 'expired':
      return new StanzaError('recipient-unavailable', 'it did not wake before the command expired', { application });
    case 'superseded':
      return new StanzaError('conflict', 'a later command has taken its place', { application });
    case 'cancelled':
      return new StanzaError('conflict', 'the command was cancelled', { application });
    default:
      return new StanzaError('remote-server-timeout', 'it is not known whether the Thing has carried it out', {
        application,
      });
  }
}
