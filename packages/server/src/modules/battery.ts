import {
  BATTERY,
  CONTROL_DIALECTS,
  controlDialectOf,
  decodeCommand,
  decodeCommandCancel,
  decodeSleep,
  decodingRequest,
  encodeAsleep,
  encodeMailbox,
  encodeQueued,
  encodeSleeper,
  nextWaking,
  PayloadError,
  type ReadoutDialect,
  readoutDialectOf,
  type SleepSchedule,
} from '@thingward/things';
import type { Element } from '@thingward/xml';
import { iq, type Jid, StanzaError } from '@thingward/xmpp';
import { Friends } from '../battery/friends.ts';
import { LastKnownState, unavailable } from '../battery/last-known-state.ts';
import { Mailboxes } from '../battery/mailboxes.ts';
import { readoutPartOf } from '../battery/readout-messages.ts';
import { type KnownSleeper, reportSize, Sleepers, sleeperStatus } from '../battery/sleepers.ts';
import { type BatterySchema, batteryMigrations, type CommandKind } from '../battery/tables.ts';
import type { MaybePromise, Verdict } from '../hooks.ts';
import type { ServerContext, ServerModule } from '../module.ts';
import type { Session } from '../session.ts';
import { Stanza } from '../stanza.ts';

/** How late a Thing may wake and find its session still there. */
const LATE_MS = 60_000;

/** Keeps commands and the last-known state for Things that sleep. @see docs/battery-powered.md */
export const battery: ServerModule = {
  name: 'battery',
  migrations: batteryMigrations,
  start(context) {
    const { config, disco } = context;
    if (!config.mailbox.enabled) return;
    disco.addFeature('server', BATTERY);
    disco.addFeature('account', BATTERY);
    return new BatteryModule(context).start();
  },
};

class BatteryModule {
  readonly #context: ServerContext;
  readonly #sleepers: Sleepers;
  readonly #friends: Friends;
  readonly #state: LastKnownState;
  readonly #mailboxes: Mailboxes;
  /** Sessions that have said they sleep, and may be connected for a moment still. */
  readonly #sleeping = new Map<string, Session>();
  /** Commands that Things were given since they woke. */
  readonly #given = new Map<string, number>();
  #loading: Promise<void> | undefined;

  constructor(context: ServerContext) {
    this.#context = context;
    const { config, database, domain, rosters, router } = context;
    this.#sleepers = new Sleepers(database.withTables<BatterySchema>());
    this.#friends = new Friends(rosters, domain);
    this.#state = new LastKnownState(this.#sleepers, this.#friends, router);
    this.#mailboxes = new Mailboxes({ ...context, friends: this.#friends, settings: config.mailbox });
  }

  start(): () => Promise<void> {
    const { hooks, log } = this.#context;
    const mailboxes = this.#mailboxes;
    this.#loading = this.#load().then(
      () => {
        this.#loading = undefined;
      },
      (error: unknown) => log.error({ err: error }, 'mailboxes could not be read'),
    );
    const interest = { passesData: (localpart: string) => !this.#loading && !this.#sleepers.has(localpart) };
    hooks.onSending((stanza, session) => this.#sending(stanza, session), interest);
    hooks.onReceiving((stanza, localpart) => this.#receiving(stanza, localpart), interest);
    hooks.onSessionResumed((session) => this.#woke(session));
    hooks.onAvailable((session) => {
      if (session.priority >= 0) this.#woke(session);
    });
    hooks.onSessionEnded((session) => {
      mailboxes.ended(session);
      if (this.#sleeping.get(session.localpart) !== session) return;
      this.#sleeping.delete(session.localpart);
      mailboxes.forgetWaiter(session.localpart);
    });
    hooks.onStanzaAcknowledged((stanza) => mailboxes.acknowledged(stanza));
    hooks.onResending((stanza) => mailboxes.instead(stanza));
    hooks.onReturned((stanza) => mailboxes.takesBack(stanza));
    hooks.rememberSessions({
      name: 'battery',
      save: (session, unacknowledged) => ({
        sleepMs: session.management?.sleepMs ?? 0,
        commands: mailboxes.idsOf(unacknowledged),
      }),
      restore: (session, saved, unacknowledged) => {
        const { sleepMs, commands } = saved as { sleepMs: number; commands: readonly (string | null)[] };
        if (session.management) session.management.sleepMs = sleepMs;
        mailboxes.recognise(unacknowledged, commands);
      },
    });
    hooks.onAccountRemoved((localpart) => this.#sleepers.forget(localpart));
    this.#answer();
    return () => mailboxes.stop();
  }

  async #load(): Promise<void> {
    await this.#sleepers.load();
    await this.#mailboxes.load();
  }

  #answer(): void {
    const { router } = this.#context;
    router.onAccountIq('set', 'command', BATTERY, (stanza) => this.#command(stanza));
    router.onAccountIq('get', 'status', BATTERY, (stanza) => this.#status(stanza));
    router.onAccountIq('get', 'mailbox', BATTERY, async (stanza) => {
      const [localpart, sleeper] = await this.#asked(stanza);
      const entries = await this.#mailboxes.list(
        localpart,
        stanza.from,
        this.#seesAll(localpart, sleeper, stanza.from),
      );
      return encodeMailbox(entries);
    });
    router.onAccountIq('set', 'cancel', BATTERY, async (stanza) => {
      const [localpart, sleeper] = await this.#asked(stanza);
      const id = decodingRequest(() => decodeCommandCancel(payloadOf(stanza)));
      const isAll = this.#seesAll(localpart, sleeper, stanza.from);
      await this.#mailboxes.run(localpart, () => this.#mailboxes.cancel(localpart, stanza.from, id, isAll));
      return undefined;
    });
  }

  /** The Thing that a friend asks about. @throws StanzaError */
  async #asked({ to, from }: Stanza): Promise<[localpart: string, sleeper: KnownSleeper]> {
    const localpart = to?.local ?? '';
    await this.#friends.check(localpart, from);
    const sleeper = this.#sleepers.get(localpart);
    if (!sleeper) throw new StanzaError('item-not-found', `${to?.bare} has never said that it sleeps`);
    return [localpart, sleeper];
  }

  #seesAll(localpart: string, { owner }: KnownSleeper, asker: Jid): boolean {
    return owner === asker.bare.toString() || this.#friends.isItself(localpart, asker);
  }

  async #status(stanza: Stanza): Promise<Element> {
    const [localpart, sleeper] = await this.#asked(stanza);
    const isAll = this.#seesAll(localpart, sleeper, stanza.from);
    const waiting = await this.#mailboxes.countWaiting(localpart, stanza.from, isAll);
    return encodeSleeper({ ...sleeperStatus(sleeper, this.#isAsleep(localpart, sleeper), new Date()), waiting });
  }

  async #command(stanza: Stanza): Promise<Element> {
    const [localpart, sleeper] = await this.#asked(stanza);
    const { payload, expiresMs } = decodingRequest(() => decodeCommand(payloadOf(stanza)));
    const given = { kind: 'command', payload, expiresMs } as const;
    const queued = await this.#mailboxes.run(localpart, () => this.#mailboxes.take(stanza, localpart, sleeper, given));
    this.#deliverSoon(localpart);
    return encodeQueued(queued);
  }

  /** Gives the Thing what waits, where it is awake already. */
  #deliverSoon(localpart: string): void {
    this.#mailboxes.start(() =>
      this.#mailboxes.run(localpart, async () => {
        const sleeper = this.#sleepers.get(localpart);
        const session = this.#awakeSession(localpart);
        if (sleeper && !sleeper.isAsleep && session) await this.#deliver(localpart, session);
      }),
    );
  }

  async #deliver(localpart: string, session: Session): Promise<void> {
    const given = await this.#mailboxes.deliver(localpart, session);
    this.#given.set(localpart, (this.#given.get(localpart) ?? 0) + given);
  }

  /** The best session of a Thing that is connected and has not said that it sleeps. */
  #awakeSession(localpart: string): Session | undefined {
    return this.#context.sessions
      .availableOf(localpart)
      .filter((session) => session.wire && session.priority >= 0 && this.#sleeping.get(localpart) !== session)
      .sort((one, other) => other.priority - one.priority)[0];
  }

  #isAsleep(localpart: string, { isAsleep }: KnownSleeper): boolean {
    return isAsleep || this.#awakeSession(localpart) === undefined;
  }

  #sending(stanza: Stanza, session: Session): MaybePromise<Verdict> {
    const { kind, type, payload, to } = stanza;
    if (kind === 'iq') {
      if (type === 'set' && payload?.namespace === BATTERY && payload.name === 'sleep') {
        if (to && !to.equals(session.jid.bare)) return undefined;
        this.#mailboxes.start(() => this.#sleeps(stanza, session));
        return 'stop';
      }
      const isAnswer = type === 'result' || type === 'error';
      return isAnswer && this.#mailboxes.answered(stanza, session) ? 'stop' : undefined;
    }
    if (kind !== 'message' || !this.#sleepers.has(session.localpart)) return undefined;
    const dialect = readoutDialectOf(payload?.namespace);
    if (!dialect) return undefined;
    this.#learn(stanza, session.localpart, dialect);
    return this.#mailboxes.relayed(stanza, session)?.then(() => 'stop');
  }

  #learn(stanza: Stanza, localpart: string, dialect: ReadoutDialect): void {
    this.#mailboxes.start(async () => {
      try {
        for (const told of dialect.decodeMessages(payloadOf(stanza))) {
          if (told.kind === 'fields')
            await this.#mailboxes.run(localpart, () => this.#state.learn(localpart, told.fields));
        }
      } catch (error) {
        // It is for its receiver to say what is wrong with it.
        if (!(error instanceof PayloadError)) throw error;
      }
    });
  }

  /** A Thing goes to sleep. It is answered when all it was given has an outcome: then it may go. */
  async #sleeps(stanza: Stanza, session: Session): Promise<void> {
    const { hooks, log, router, config } = this.#context;
    const { localpart } = session;
    const answer = (element: Element) => session.send(Stanza.made(element, session.jid.bare, session.jid));
    try {
      await this.#loading;
      if (session.isTemporary) throw new StanzaError('not-allowed', 'an account without a name keeps nothing');
      const report = decodingRequest(() => decodeSleep(payloadOf(stanza)));
      if (reportSize(report) > config.mailbox.maxStateBytes) {
        throw new StanzaError('resource-constraint', `more than ${config.mailbox.maxStateBytes} bytes are not kept`);
      }
      await this.#mailboxes.run(localpart, async () => {
        const now = new Date();
        await this.#deliver(localpart, session);
        const isNew = await this.#sleepers.sleeps(localpart, report, now);
        this.#sleeping.set(localpart, session);
        if (session.management) session.management.sleepMs = this.#sleepMs(report.schedule, now);
        if (isNew) hooks.filterChanged(localpart);
      });
      this.#mailboxes.whenSettled(localpart, () =>
        answer(iq('result', { id: stanza.id }, encodeAsleep(this.#given.get(localpart) ?? 0))),
      );
    } catch (error) {
      if (!(error instanceof StanzaError)) log.error({ err: error }, 'a Thing could not be put to sleep');
      const refused = error instanceof StanzaError ? error : new StanzaError('internal-server-error');
      const refusal = router.refusal(stanza, refused);
      if (refusal) answer(refusal.element);
    }
  }

  /** How long its session waits for it: until a waking after the next one, where that is known. */
  #sleepMs(schedule: SleepSchedule, now: Date): number {
    const maxMs = this.#context.config.mailbox.maxSleepSeconds * 1000;
    const next = nextWaking(schedule, now);
    if (!next) return maxMs;
    return Math.min(maxMs, next.getTime() - now.getTime() + (schedule.everyMs ?? 0) + LATE_MS);
  }

  /** A session has come, or come back. */
  #woke(session: Session): void {
    const { localpart } = session;
    this.#mailboxes.start(async () => {
      await this.#loading;
      if (!this.#sleepers.has(localpart)) return;
      await this.#mailboxes.run(localpart, async () => {
        if (this.#sleeping.get(localpart) === session) this.#sleeping.delete(localpart);
        this.#mailboxes.forgetWaiter(localpart);
        this.#given.set(localpart, 0);
        await this.#deliver(localpart, session);
        if (session.wire) await this.#sleepers.wakes(localpart, new Date());
      });
    });
  }

  #receiving(stanza: Stanza, localpart: string): MaybePromise<Verdict> {
    const loading = this.#loading;
    if (loading) return loading.then(() => this.#receiving(stanza, localpart));
    const sleeper = this.#sleepers.get(localpart);
    if (!sleeper) return undefined;
    const { kind, type } = stanza;
    if (kind === 'message' && type === 'error') return this.#mailboxes.bounced(stanza, localpart) ? 'stop' : undefined;
    const isCancel = kind === 'iq' && stanza.payload?.name === 'cancel' && stanza.isIqRequest();
    if (isCancel && this.#mailboxes.isReadoutUnderway(stanza, localpart)) return this.#cancelReadout(stanza, localpart);
    if (!this.#isAsleep(localpart, sleeper) || !this.#isForSleeper(stanza, localpart)) return undefined;
    // When it wakes it asks for what it wants to know.
    if (kind === 'presence') return type === undefined || type === 'unavailable' ? 'stop' : undefined;
    if (kind === 'message') {
      const dialect = CONTROL_DIALECTS.find(({ namespace }) => stanza.hasChild('set', namespace));
      if (!dialect) return undefined;
      const set = stanza.element.child('set', dialect.namespace) as Element;
      return this.#keep(stanza, localpart, sleeper, 'message', set);
    }
    return stanza.isIqRequest() ? this.#request(stanza, localpart, sleeper) : undefined;
  }

  /** A request that only the Thing could answer. @throws StanzaError */
  #request(stanza: Stanza, localpart: string, sleeper: KnownSleeper): MaybePromise<Verdict> {
    const { type, payload, to } = stanza;
    const control = controlDialectOf(payload?.namespace);
    if (control && type === 'set' && payload?.name === 'set')
      return this.#keep(stanza, localpart, sleeper, 'iq', payloadOf(stanza));
    if (control && type === 'get' && payload?.name === 'getForm')
      return this.#state.form(stanza, localpart, sleeper, control).then((form) => this.#reply(stanza, form));
    const readout = readoutDialectOf(payload?.namespace);
    // Texts and implementations of the later dialects do not agree on the types of requests: either will do.
    if (readout && (type === 'get' || readout.name !== 'xep')) {
      if (payload?.name === 'req') return this.#readOut(stanza, localpart, sleeper, readout);
      if (payload?.name === 'cancel') return this.#cancelReadout(stanza, localpart);
    }
    // Its account answers for itself.
    if (to?.resource === undefined) return undefined;
    return this.#friends.check(localpart, stanza.from).then(() => {
      throw unavailable(sleeper, 'it sleeps');
    });
  }

  /** What the Thing has left behind is told at once; what it has not is read when it wakes. */
  async #readOut(stanza: Stanza, localpart: string, sleeper: KnownSleeper, dialect: ReadoutDialect): Promise<Verdict> {
    const known = await this.#state.readOut(stanza, localpart, sleeper, dialect);
    if (known) {
      this.#reply(stanza, known.answer);
      known.begin();
      return 'stop';
    }
    const payload = payloadOf(stanza);
    const { seqnr, when } = decodingRequest(() => dialect.decodeRequest(payload));
    const given = { payload, seqnr, when };
    const queued = await this.#mailboxes.run(localpart, () =>
      this.#mailboxes.takeReadout(stanza, localpart, sleeper, given),
    );
    this.#reply(stanza, dialect.encodeAccepted({ seqnr, queued: true }));
    this.#mailboxes.tellQueued(localpart, stanza.from, stanza.to as Jid, queued);
    this.#deliverSoon(localpart);
    return 'stop';
  }

  /** @throws StanzaError `item-not-found` */
  async #cancelReadout(stanza: Stanza, localpart: string): Promise<Verdict> {
    const part = readoutPartOf(stanza);
    const isCancelled =
      part && (await this.#mailboxes.run(localpart, () => this.#mailboxes.cancelReadout(localpart, stanza.from, part)));
    if (!part || !isCancelled) throw new StanzaError('item-not-found', 'you have no such read-out');
    return this.#reply(stanza, part.dialect.encodeCancelled(part.readout));
  }

  async #keep(
    stanza: Stanza,
    localpart: string,
    sleeper: KnownSleeper,
    kind: CommandKind,
    payload: Element,
  ): Promise<Verdict> {
    await this.#mailboxes.run(localpart, () => this.#mailboxes.take(stanza, localpart, sleeper, { kind, payload }));
    this.#deliverSoon(localpart);
    return 'stop';
  }

  #reply(request: Stanza, payload: Element | undefined): Verdict {
    const element = iq('result', { id: request.id }, payload);
    void this.#context.router.route(Stanza.made(element, request.to as Jid, request.from));
    return 'stop';
  }

  /** Is it for the Thing that sleeps, and not for another client of its account that is there? */
  #isForSleeper({ kind, to }: Stanza, localpart: string): boolean {
    const { sessions } = this.#context;
    const isAwake = (session: Session | undefined) =>
      session?.wire !== undefined && this.#sleeping.get(localpart) !== session;
    if (to?.resource !== undefined) return !isAwake(sessions.get(to));
    return kind !== 'presence' || !sessions.availableOf(localpart).some(isAwake);
  }
}

function payloadOf({ element }: Stanza): Element {
  return element.elements[0] as Element;
}
