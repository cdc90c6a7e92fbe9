import { encodeDataForm, type Jid, type Logger, presence, SILENT_LOGGER, type XmppPeer } from '@thingward/xmpp';
import { encodeControlForm } from '../control/form.ts';
import type { Field } from '../sensor-data/field.ts';
import { isSelected } from '../sensor-data/selection.ts';
import { pause } from '../thing/pause.ts';
import type { Thing } from '../thing/thing.ts';
import { decodeAsleep, encodeNodeForms, encodeSleep, type NodeForm } from './codec.ts';
import { encodeSleeper, type SleepSchedule } from './schedule.ts';

/** A connection that can be let go of and taken up again, such as `XmppClient`. */
export interface SleepingConnection extends XmppPeer {
  start(): void;
  /** Waits until it is online. */
  ready(signal?: AbortSignal): Promise<void>;
  /** Drops the connection; the session waits on the server where it can. */
  suspend(): Promise<void>;
}

export interface SleepingThingOptions {
  /** What answers read-outs and commands on it (`serveControl`, `ThingHost`) is registered by whoever makes this. */
  readonly connection: SleepingConnection;
  readonly things: readonly Thing[];
  /** From one waking to the next; undefined: it wakes when `wake` is called, nobody knows when. */
  readonly everyMs?: number | undefined;
  /** How long it can be reached when it has woken, at least; 0 when not given: what waits is taken in any case. */
  readonly listenMs?: number | undefined;
  /** Who may read its state while it sleeps; all who see its presence, when not given. */
  readonly readers?: (() => readonly Jid[]) | undefined;
  /** Sees and cancels all commands that wait. */
  readonly owner?: (() => Jid | undefined) | undefined;
  /** Times a waking reads and reports anew because commands came; 3 when not given. */
  readonly maxReports?: number | undefined;
  /** How long connecting, reading, read-outs that waited and the server's answer may take together; 60,000 ms when not given. */
  readonly timeoutMs?: number | undefined;
  readonly log?: Logger | undefined;
  readonly clock?: (() => Date) | undefined;
}

/** What the server has of a Thing that has told none. */
const NO_FORMS = encodeNodeForms([]).toString();

/** What a waking has brought. */
export interface Waking {
  /** Commands that were taken from the mailbox. */
  readonly delivered: number;
  /** The fields that were handed over in the end. */
  readonly fields: readonly Field[];
}

/** Lets Things sleep: wakes, connects, takes what waits, reports, and goes to sleep again. @see docs/battery-powered.md */
export class SleepingThing {
  readonly #options: SleepingThingOptions;
  readonly #log: Logger;
  readonly #clock: () => Date;
  /** What the server has of it. */
  #forms: string | undefined;
  #readers: string | undefined;
  #owner: string | undefined;
  #isAwake = false;

  constructor(options: SleepingThingOptions) {
    this.#options = options;
    this.#log = options.log ?? SILENT_LOGGER;
    this.#clock = options.clock ?? (() => new Date());
  }

  /**
   * One waking, from connecting to sleep. A Thing that could not be read hands over what it could read.
   * @throws what connecting throws; StanzaError when the server refuses; the signal's reason; it sleeps then, too
   */
  async wake(signal?: AbortSignal): Promise<Waking> {
    if (this.#isAwake) throw new Error('it is awake already');
    this.#isAwake = true;
    const { connection, listenMs = 0, maxReports = 3, timeoutMs = 60_000 } = this.#options;
    const limit = AbortSignal.any([AbortSignal.timeout(timeoutMs + listenMs), ...(signal ? [signal] : [])]);
    const began = this.#clock();
    // A session that is new does not know of the schedule yet.
    const stop = connection.onOnline((isResumed) => {
      if (!isResumed) connection.send(presence(undefined, {}, encodeSleeper(this.#schedule(undefined))));
    });
    try {
      // The device is read while the connection is made.
      const reading = this.#read(limit);
      reading.catch(() => undefined);
      connection.start();
      await connection.ready(limit);
      if (listenMs > 0) await pause(listenMs, limit);
      limit.throwIfAborted();
      let fields = await reading;
      let delivered = await this.#report(began, fields, limit);
      for (let reports = 1, given = delivered; given > 0 && reports < maxReports; reports++) {
        // What was set may show in what is measured.
        fields = await this.#read(limit);
        given = (await this.#report(began, fields, limit)) - delivered;
        delivered += given;
      }
      return { delivered, fields };
    } finally {
      stop();
      await connection.suspend();
      this.#isAwake = false;
    }
  }

  /** Wakes again and again, as often as it says. No failure ends it; the signal does. */
  async run(signal: AbortSignal): Promise<void> {
    const { everyMs } = this.#options;
    if (everyMs === undefined) throw new Error('it wakes at no regular times: call wake');
    for (;;) {
      if (signal.aborted) return;
      const next = this.#clock().getTime() + everyMs;
      try {
        await this.wake(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#log.warn({ error }, 'a waking failed');
      }
      await pause(Math.max(0, next - this.#clock().getTime()), signal);
    }
  }

  /** @returns commands that were given since it woke */
  async #report(began: Date, fields: readonly Field[], signal: AbortSignal): Promise<number> {
    const { connection, everyMs, things } = this.#options;
    const forms = this.#controlForms();
    const readers = this.#options.readers?.();
    const owner = this.#options.owner?.();
    const formsText = encodeNodeForms(forms).toString();
    const [readersText, ownerText] = [readers?.join(' '), owner?.toString()];
    const report = encodeSleep({
      schedule: this.#schedule(everyMs === undefined ? undefined : new Date(began.getTime() + everyMs)),
      fields: fields.length === 0 && things.length > 0 ? undefined : fields,
      forms: formsText === (this.#forms ?? NO_FORMS) ? undefined : forms,
      readers: readersText === this.#readers ? undefined : readers,
      owner: ownerText === this.#owner ? undefined : owner,
    });
    // It is answered when all that waited has been dealt with, read-outs too.
    const { timeoutMs = 60_000 } = this.#options;
    const answer = await connection.request('set', undefined, report, { signal, timeoutMs });
    [this.#forms, this.#readers, this.#owner] = [formsText, readersText, ownerText];
    return answer ? decodeAsleep(answer) : 0;
  }

  #schedule(next: Date | undefined): SleepSchedule {
    const { everyMs, listenMs } = this.#options;
    return {
      wakes: everyMs === undefined ? 'onEvent' : 'periodically',
      everyMs,
      listenMs: listenMs || undefined,
      next,
    };
  }

  /** Of each Thing that has something to set. Without present values: those it has told as fields. */
  #controlForms(): readonly NodeForm[] {
    return this.#options.things.flatMap(({ node, parameters: declared }) => {
      if (declared.length === 0) return [];
      const parameters = declared.map((parameter) => ({ parameter, value: undefined }));
      return [{ node, form: encodeDataForm(encodeControlForm({ title: node?.nodeId ?? 'Control', parameters })) }];
    });
  }

  /** What it is now: momentary values and status. */
  async #read(signal: AbortSignal): Promise<readonly Field[]> {
    const selection = { types: ['momentary', 'status'], names: [] } as const;
    const all = await Promise.all(
      this.#options.things.map(async (thing) => {
        const fields: Field[] = [];
        try {
          for await (const batch of thing.read(selection, signal)) fields.push(...batch);
        } catch (error) {
          signal.throwIfAborted();
          this.#log.warn({ error, node: thing.node }, 'a Thing could not be read');
        }
        return fields
          .filter((field) => isSelected(field, selection))
          .map((field) => (field.node === undefined && thing.node ? { ...field, node: thing.node } : field));
      }),
    );
    return all.flat();
  }
}
