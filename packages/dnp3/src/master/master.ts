import { EventEmitter } from 'node:events';
import { Dnp3Error } from '../error.ts';
import { decodeFragment, encodeFragment, type Fragment } from '../fragment.ts';
import {
  ASSIGN_CLASS,
  COLD_RESTART,
  CONFIRM,
  DELAY_MEASUREMENT,
  DIRECT_OPERATE,
  DISABLE_UNSOLICITED,
  ENABLE_UNSOLICITED,
  FREEZE_CLEAR,
  FUNCTIONS,
  IMMEDIATE_FREEZE,
  isAnswered,
  isCommand,
  OPERATE,
  READ,
  RECORD_CURRENT_TIME,
  RESPONSE,
  SELECT,
  UNSOLICITED_RESPONSE,
  WARM_RESTART,
  WRITE,
} from '../function-codes.ts';
import { IIN_NAMES, IIN_REFUSALS } from '../internal-indications.ts';
import type { LinkFrame } from '../link-frame.ts';
import { type LinkConfirmation, LinkLayer } from '../link-layer.ts';
import { bitNames, nameOf } from '../names.ts';
import type { ObjectHeader } from '../object-header.ts';
import { Reassembler, segmentFragment } from '../transport.ts';
import type { Dnp3Channel } from './channel.ts';
import { type Command, checkEcho, commandObjects } from './commands.ts';
import { type Measurement, measurementsOf } from './measurements.ts';

export interface Dnp3MasterOptions {
  readonly channel: Dnp3Channel;
  /** Our address; 1 when not given. */
  readonly local?: number;
  /** The outstation's address; 10 when not given. */
  readonly remote?: number;
  /** How long to wait for each fragment of a response; 5000 ms when not given. */
  readonly timeoutMs?: number;
  /** Frames are confirmed by the outstation's data link; they are not when not given, as is usual over TCP. */
  readonly linkConfirm?: LinkConfirmation | undefined;
  /** Requests that wait for their turn before new ones are refused; 100 when not given. */
  readonly maxQueued?: number;
  /** Octets of a fragment that is taken; 2048 when not given. */
  readonly maxFragmentOctets?: number;
  /** Fragments of one response; 1000 when not given. */
  readonly maxResponseFragments?: number;
  /** Milliseconds since 1970; Date.now when not given. */
  readonly clock?: () => number;
}

/** All fragments of a response together. */
export interface Dnp3Response {
  /** Of the last fragment: bits of `IIN`. */
  readonly indications: number;
  readonly objects: readonly ObjectHeader[];
  readonly measurements: readonly Measurement[];
}

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  /** In place of the master's. */
  readonly timeoutMs?: number | undefined;
}

/** A class of events, or class 0: how all is now. */
export type PointClass = 0 | 1 | 2 | 3;
export type EventClass = 1 | 2 | 3;

interface MasterEvents {
  /** From a response, or from an unsolicited one. */
  readonly measurements: [measurements: readonly Measurement[], isUnsolicited: boolean];
  /** Internal indications of each fragment. */
  readonly indications: [indications: number];
  readonly connected: [];
  readonly disconnected: [reason: Dnp3Error];
}

interface Step {
  readonly function: number;
  readonly objects: readonly ObjectHeader[];
}

/** Requests that follow each other with nothing between them, as select and operate do. */
interface Task {
  readonly timeoutMs: number;
  /** The next request, after the answer to the one before. */
  next(answer: Dnp3Response | undefined): Step | undefined;
  settle(outcome: Dnp3Response | Error): void;
}

interface Current {
  readonly task: Task;
  readonly step: Step;
  readonly objects: ObjectHeader[];
  resolve(outcome: Dnp3Response | Error): void;
  expected: number;
  isFirst: boolean;
  fragments: number;
  timer: NodeJS.Timeout;
}

const CLASSES = 60;
const COUNTERS = 20;
const TIME = 50;
const DELAY = 52;
const INDICATIONS = 80;
const RESTART_BIT = 7;

/**
 * The master's side of one outstation. Requests are made one after the other; what has no answer costs its time-out. A command is sent at most
 * once. Responses and unsolicited responses are confirmed when the outstation asks for it, after `measurements` has told of them.
 * @see IEEE 1815-2012 §4, §6
 */
export class Dnp3Master extends EventEmitter<MasterEvents> {
  readonly channel: Dnp3Channel;
  readonly remote: number;
  readonly #options: Required<Omit<Dnp3MasterOptions, 'linkConfirm'>> & Pick<Dnp3MasterOptions, 'linkConfirm'>;
  readonly #queue: Task[] = [];
  readonly #detach: () => void;
  #link: LinkLayer | undefined;
  #reassembler: Reassembler;
  /** A task has the channel's turn or waits for it. */
  #isBusy = false;
  #current: Current | undefined;
  #sequence = 0;
  #segment = 0;
  #lastUnsolicited: string | undefined;

  /** @throws Dnp3Error when another master of the channel has these addresses */
  constructor(options: Dnp3MasterOptions) {
    super();
    this.#options = {
      local: 1,
      remote: 10,
      timeoutMs: 5000,
      maxQueued: 100,
      maxFragmentOctets: 2048,
      maxResponseFragments: 1000,
      clock: Date.now,
      ...options,
    };
    this.channel = options.channel;
    this.remote = this.#options.remote;
    this.#reassembler = new Reassembler(this.#options.maxFragmentOctets);
    const { local, remote } = this.#options;
    this.#detach = this.channel.attach({
      local,
      remote,
      receive: (frame) => this.#receive(frame),
      connected: () => this.#connected(),
      disconnected: (reason) => this.#disconnected(reason),
    });
  }

  get isConnected(): boolean {
    return this.#link !== undefined;
  }

  /** Requests that wait fail; the channel goes on. */
  close(): void {
    this.#detach();
    this.#disconnected(new Dnp3Error('closed', 'the master was closed'));
  }

  /**
   * Sends a request and gives the whole response.
   * @throws Dnp3Error `limit-exceeded` for a request that can't be sent, `not-connected`, `closed`; then for what changes nothing
   *   `no-answer` or `malformed-fragment`; for commands `outcome-unknown` whenever they were sent and no proper answer came
   * @throws the signal's reason, except for a command that was sent already: that is `outcome-unknown`
   */
  request(
    functionCode: number,
    objects: readonly ObjectHeader[] = [],
    options: RequestOptions = {},
  ): Promise<Dnp3Response> {
    const steps: Step[] = [{ function: functionCode, objects }];
    return this.#perform(() => steps.shift(), options);
  }

  /** How all is now, and all events. @throws as `request`, and Dnp3Error `refused` */
  async integrityPoll(options?: RequestOptions): Promise<Dnp3Response> {
    return this.readClasses([1, 2, 3, 0], options);
  }

  /** @throws as `request`, and Dnp3Error `refused` */
  async readClasses(classes: readonly PointClass[], options?: RequestOptions): Promise<Dnp3Response> {
    return this.read(classes.map(classHeader), options);
  }

  /** Reads objects. @throws as `request`, and Dnp3Error `refused` when the outstation gives nothing */
  async read(objects: readonly ObjectHeader[], options?: RequestOptions): Promise<Dnp3Response> {
    const response = await this.request(READ, objects, options);
    return response.objects.length === 0 ? accepted(response, READ) : response;
  }

  /** @throws as `request`, and Dnp3Error `refused` */
  async enableUnsolicited(classes: readonly EventClass[], options?: RequestOptions): Promise<void> {
    await this.#ask(ENABLE_UNSOLICITED, classes.map(classHeader), options);
  }

  /** @throws as `request`, and Dnp3Error `refused` */
  async disableUnsolicited(classes: readonly EventClass[], options?: RequestOptions): Promise<void> {
    await this.#ask(DISABLE_UNSOLICITED, classes.map(classHeader), options);
  }

  /** Puts points into a class of events, or into none. @throws as `request`, and Dnp3Error `refused` */
  async assignClass(to: PointClass, points: readonly ObjectHeader[], options?: RequestOptions): Promise<void> {
    await this.#ask(ASSIGN_CLASS, [classHeader(to), ...points], options);
  }

  /** Has the outstation select outputs and, when it has selected all of them, operate them. @throws as `directOperate` */
  async selectAndOperate(commands: readonly Command[], options: RequestOptions = {}): Promise<void> {
    const objects = commandObjects(commands);
    let isSelected = false;
    const steps = [SELECT, OPERATE];
    const response = await this.#perform((answer) => {
      if (answer && !isSelected) {
        // A status says more than the indications that may come with it.
        if (answer.objects.length === 0) accepted(answer, SELECT);
        checkEcho(objects, answer.objects);
        isSelected = true;
        options.signal?.throwIfAborted();
      }
      const code = steps.shift();
      return code === undefined ? undefined : { function: code, objects };
    }, options);
    checkOperated(objects, response, OPERATE);
  }

  /** Operates outputs. @throws as `request`, and Dnp3Error `refused`, `command-refused` (with the `status`) */
  async directOperate(commands: readonly Command[], options?: RequestOptions): Promise<void> {
    const objects = commandObjects(commands);
    checkOperated(objects, await this.request(DIRECT_OPERATE, objects, options), DIRECT_OPERATE);
  }

  /**
   * Sets the outstation's clock. On a LAN it notes when it got a message, and is told when that was; otherwise the way there is measured
   * first.
   * @throws as `request`, and Dnp3Error `refused`
   * @see IEEE 1815-2012 §10.3
   */
  async synchroniseTime(how: 'lan' | 'serial' = 'lan', options: RequestOptions = {}): Promise<void> {
    const { clock } = this.#options;
    let sent = 0;
    let delay = 0;
    let isMeasured = false;
    const response = await this.#perform((answer) => {
      if (!answer) {
        sent = clock();
        return { function: how === 'lan' ? RECORD_CURRENT_TIME : DELAY_MEASUREMENT, objects: [] };
      }
      if (isMeasured) return undefined;
      isMeasured = true;
      if (how === 'lan') {
        accepted(answer, RECORD_CURRENT_TIME);
        return { function: WRITE, objects: [timeHeader(3, sent)] };
      }
      const measured = accepted(answer, DELAY_MEASUREMENT).objects.find(({ group }) => group === DELAY);
      const inside = (measured?.items[0]?.delay ?? 0) * (measured?.variation === 1 ? 1000 : 1);
      delay = Math.max(0, Math.round((clock() - sent - inside) / 2));
      return { function: WRITE, objects: [timeHeader(1, clock() + delay)] };
    }, options);
    accepted(response, WRITE);
  }

  /** Tells the outstation that its restart was noticed. @throws as `request`, and Dnp3Error `refused` */
  async clearRestart(options?: RequestOptions): Promise<void> {
    const range = { prefix: 'none', range: 'start-stop-8', start: RESTART_BIT, stop: RESTART_BIT } as const;
    await this.#ask(
      WRITE,
      [{ group: INDICATIONS, variation: 1, ...range, items: [{ index: RESTART_BIT, value: 0 }] }],
      options,
    );
  }

  /** Copies counters to frozen ones. @param clear sets them to nought after it. @throws as `request`, and Dnp3Error `refused` */
  async freezeCounters(clear = false, options?: RequestOptions): Promise<void> {
    const counters: ObjectHeader = { group: COUNTERS, variation: 0, prefix: 'none', range: 'all', items: [] };
    await this.#ask(clear ? FREEZE_CLEAR : IMMEDIATE_FREEZE, [counters], options);
  }

  /** @returns milliseconds after which it is there again. @throws as `request`, and Dnp3Error `refused` */
  async restart(how: 'cold' | 'warm', options?: RequestOptions): Promise<number> {
    const { objects } = await this.#ask(how === 'cold' ? COLD_RESTART : WARM_RESTART, [], options);
    const delay = objects.find(({ group }) => group === DELAY);
    return (delay?.items[0]?.delay ?? 0) * (delay?.variation === 1 ? 1000 : 1);
  }

  /** Asks the outstation's data link whether it is there. @throws Dnp3Error `not-connected`, `no-answer`, `closed` */
  async checkLink(timeoutMs = this.#options.timeoutMs): Promise<void> {
    if (!this.#link) throw this.channel.notConnected();
    await this.#link.requestStatus(timeoutMs);
  }

  async #ask(code: number, objects: readonly ObjectHeader[], options?: RequestOptions): Promise<Dnp3Response> {
    return accepted(await this.request(code, objects, options), code);
  }

  #perform(next: Task['next'], { signal, timeoutMs = this.#options.timeoutMs }: RequestOptions): Promise<Dnp3Response> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(reasonOf(signal));
      if (!this.#link) return reject(this.channel.notConnected());
      if (this.#queue.length >= this.#options.maxQueued) {
        return reject(new Dnp3Error('limit-exceeded', `${this.#options.maxQueued} requests are waiting already`));
      }
      const abort = () => {
        const at = this.#queue.indexOf(task);
        if (at !== -1) this.#queue.splice(at, 1);
        const current = this.#current?.task === task ? this.#current : undefined;
        const reason = reasonOf(signal as AbortSignal);
        if (current) this.#finish(current, lost(current.step, 'closed', reason.message, reason));
        else task.settle(reason);
      };
      const task: Task = {
        timeoutMs,
        next,
        settle(outcome) {
          signal?.removeEventListener('abort', abort);
          if (outcome instanceof Error) reject(outcome);
          else resolve(outcome);
        },
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#queue.push(task);
      void this.#work();
    });
  }

  /** Performs what waits, one task after the other. */
  async #work(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    while (this.#queue.length > 0) {
      const release = await this.channel.turn();
      const task = this.#queue.shift();
      if (task) await this.#run(task);
      release();
    }
    this.#isBusy = false;
  }

  async #run(task: Task): Promise<void> {
    let answer: Dnp3Response | undefined;
    for (;;) {
      let step: Step | undefined;
      let octets: Uint8Array | undefined;
      try {
        step = task.next(answer);
        octets = step && encodeFragment(requestFragment(step, this.#sequence));
      } catch (error) {
        return task.settle(error as Error);
      }
      if (!step || !octets) return task.settle(answer as Dnp3Response);
      const outcome = await this.#exchange(task, step, octets);
      if (outcome instanceof Error) return task.settle(outcome);
      answer = outcome;
    }
  }

  #exchange(task: Task, step: Step, octets: Uint8Array): Promise<Dnp3Response | Error> {
    return new Promise((resolve) => {
      const link = this.#link;
      if (!link) return resolve(this.channel.notConnected());
      const sequence = this.#sequence;
      this.#sequence = (sequence + 1) & 0x0f;
      const timer = this.#timer(task, step);
      const current: Current = {
        task,
        step,
        resolve,
        objects: [],
        expected: sequence,
        isFirst: true,
        fragments: 0,
        timer,
      };
      this.#current = current;
      this.#sendFragment(link, octets).then(
        () => {
          if (this.#current === current && !isAnswered(step.function)) {
            this.#finish(current, { indications: 0, objects: [], measurements: [] });
          }
        },
        (error: Error) => {
          if (this.#current === current) this.#finish(current, lost(step, 'no-answer', error.message, error));
        },
      );
    });
  }

  #timer(task: Task, step: Step): NodeJS.Timeout {
    return setTimeout(() => {
      const current = this.#current;
      if (current?.step !== step) return;
      const what = `no answer from outstation ${this.remote} at ${this.channel.name} within ${task.timeoutMs} ms`;
      this.#finish(current, lost(step, 'no-answer', what));
    }, task.timeoutMs);
  }

  #finish(current: Current, outcome: Dnp3Response | Error): void {
    clearTimeout(current.timer);
    this.#current = undefined;
    current.resolve(outcome);
  }

  async #sendFragment(link: LinkLayer, octets: Uint8Array): Promise<void> {
    const segments = segmentFragment(octets, this.#segment);
    this.#segment = (this.#segment + segments.length) & 0x3f;
    await link.sendSegments(segments);
  }

  #receive(frame: LinkFrame): void {
    const userData = this.#link?.receive(frame);
    const octets = userData && this.#reassembler.push(userData);
    if (!octets) return;
    let fragment: Fragment;
    try {
      fragment = decodeFragment(octets);
    } catch (error) {
      if (error instanceof Dnp3Error) return;
      throw error;
    }
    if (fragment.function === RESPONSE) this.#response(fragment);
    else if (fragment.function === UNSOLICITED_RESPONSE) this.#unsolicited(fragment, octets);
  }

  #response(fragment: Fragment): void {
    const current = this.#current;
    const { control, indications = 0, objects, rest } = fragment;
    // A late answer to a request that has timed out belongs to nobody.
    if (!current || control.sequence !== current.expected || control.first !== current.isFirst) return;
    if (rest) {
      this.#finish(current, lost(current.step, 'malformed-fragment', rest.problem));
      return;
    }
    if (++current.fragments > this.#options.maxResponseFragments) {
      this.#finish(current, lost(current.step, 'malformed-fragment', 'the response has no end'));
      return;
    }
    const measurements = measurementsOf(objects);
    if (measurements.length > 0) this.emit('measurements', measurements, false);
    if (control.confirm) this.#confirm(control.sequence, false);
    current.objects.push(...objects);
    current.expected = (control.sequence + 1) & 0x0f;
    current.isFirst = false;
    clearTimeout(current.timer);
    if (control.final) {
      const all = current.objects;
      this.#finish(current, { indications, objects: all, measurements: measurementsOf(all) });
    } else current.timer = this.#timer(current.task, current.step);
    this.emit('indications', indications);
  }

  #unsolicited({ control, indications = 0, objects, rest }: Fragment, octets: Uint8Array): void {
    const text = String(octets);
    const isRepeated = text === this.#lastUnsolicited;
    this.#lastUnsolicited = text;
    // What can't be understood is not confirmed: it must not count as taken.
    if (rest) return;
    const measurements = measurementsOf(objects);
    if (measurements.length > 0 && !isRepeated) this.emit('measurements', measurements, true);
    if (control.confirm) this.#confirm(control.sequence, true);
    this.emit('indications', indications);
  }

  #confirm(sequence: number, unsolicited: boolean): void {
    const control = { first: true, final: true, confirm: false, unsolicited, sequence };
    const octets = encodeFragment({ control, function: CONFIRM, objects: [] });
    // When it is lost the outstation sends again.
    if (this.#link) this.#sendFragment(this.#link, octets).catch(() => undefined);
  }

  #connected(): void {
    const { local, remote, linkConfirm } = this.#options;
    this.#link = new LinkLayer({
      local,
      remote,
      isMaster: true,
      send: (octets) => this.channel.send(octets),
      confirm: linkConfirm,
    });
    this.#reassembler.reset();
    this.#lastUnsolicited = undefined;
    this.emit('connected');
  }

  #disconnected(reason: Dnp3Error): void {
    if (!this.#link) return;
    this.#link.close(reason);
    this.#link = undefined;
    const waiting = this.#queue.splice(0);
    if (this.#current) {
      const { step } = this.#current;
      this.#finish(
        this.#current,
        lost(step, reason.code === 'closed' ? 'closed' : 'not-connected', reason.message, reason),
      );
    }
    for (const task of waiting) task.settle(reason);
    this.emit('disconnected', reason);
  }
}

function requestFragment({ function: code, objects }: Step, sequence: number): Fragment {
  return {
    control: { first: true, final: true, confirm: false, unsolicited: false, sequence },
    function: code,
    objects,
  };
}

function classHeader(pointClass: PointClass): ObjectHeader {
  return { group: CLASSES, variation: pointClass + 1, prefix: 'none', range: 'all', items: [] };
}

function timeHeader(variation: number, time: number): ObjectHeader {
  return { group: TIME, variation, prefix: 'none', range: 'count-8', count: 1, items: [{ time }] };
}

/** @throws Dnp3Error `refused` when the internal indications say so */
function accepted(response: Dnp3Response, code: number): Dnp3Response {
  const refusals = response.indications & IIN_REFUSALS;
  if (refusals === 0) return response;
  const why = bitNames(IIN_NAMES, refusals).join(', ').replaceAll('-', ' ');
  throw new Dnp3Error('refused', `the outstation refuses "${nameOf(FUNCTIONS, code).replaceAll('-', ' ')}": ${why}`);
}

/** @throws Dnp3Error */
function checkOperated(objects: readonly ObjectHeader[], response: Dnp3Response, code: number): void {
  if (response.objects.length === 0) accepted(response, code);
  try {
    checkEcho(objects, response.objects);
  } catch (error) {
    if (!(error instanceof Dnp3Error) || error.code !== 'malformed-fragment') throw error;
    throw new Dnp3Error('outcome-unknown', `${error.message}; whether they were done is unknown`, { cause: error });
  }
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Dnp3Error('closed', 'aborted');
}

/** A request was sent and has no answer that counts. Of a command nobody knows whether it was done. */
function lost(
  { function: code }: Step,
  otherwise: 'no-answer' | 'not-connected' | 'closed' | 'malformed-fragment',
  message: string,
  cause?: Error,
): Error {
  if (isCommand(code)) {
    return new Dnp3Error('outcome-unknown', `${message}; whether it was done is unknown`, { cause });
  }
  return otherwise === 'closed' && cause ? cause : new Dnp3Error(otherwise, message, { cause });
}
