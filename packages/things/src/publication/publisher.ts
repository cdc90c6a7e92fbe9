import type { Element } from '@thingward/xml';
import {
  DATA_FORM_NAMESPACE,
  DataFormError,
  decodeApprovalRequest,
  decodeDataForm,
  encodeApproval,
  encodeDataForm,
  isPubSubError,
  type Logger,
  message,
  PeerError,
  publishItem,
  SILENT_LOGGER,
  StanzaError,
  type Unsubscribe,
  type XmppPeer,
} from '@thingward/xmpp';
import { encodeReadoutMessage } from '../sensor-data/codec.ts';
import type { Field } from '../sensor-data/field.ts';
import { PayloadError } from '../thing/payload.ts';
import { formatItemId } from './item-number.ts';
import { preconditionsOf, setUpNode } from './node-setup.ts';
import type { Publication } from './publication.ts';
import type { PublicationBatch, PublicationQueue } from './publication-queue.ts';
import { admits, type ReadAccess } from './read-access.ts';
import { ReadingFilter } from './reading-filter.ts';
import { reconcileSubscribers } from './subscriber-list.ts';
import { WakeUp } from './wake-up.ts';

export interface PublisherOptions {
  readonly peer: XmppPeer;
  readonly publication: Publication;
  readonly queue: PublicationQueue;
  readonly access: ReadAccess;
  /** For answers to requests; 20,000 ms when not given. */
  readonly timeoutMs?: number | undefined;
  /** Wait after a failure, doubled with each further one. 1,000 ms up to 60,000 when not given. */
  readonly backOffMs?: { readonly first: number; readonly max: number } | undefined;
  /** The service is told who may read after so long at the latest, though nothing says that it has changed; an hour when not given. */
  readonly reconcileMs?: number | undefined;
  readonly log?: Logger | undefined;
}

const LONGEST_WAIT_MS = 3_600_000;

/** Conditions that the same item would meet again. */
const HOPELESS = new Set(['bad-request', 'policy-violation', 'not-acceptable', 'jid-malformed']);

/**
 * Publishes readings of a Thing to a node, in order, one item after the other, each until the service has it; and keeps the node's
 * subscribers to those who may read the Thing. While it is not known that the service has understood who may read, nothing is published.
 * @see docs/publish-subscribe.md
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #filter: ReadingFilter;
  readonly #log: Logger;
  readonly #timeoutMs: number;
  readonly #reconcileMs: number;
  #checksPreconditions = false;
  #isNodeReady = false;
  /** Counts changes of who may read. */
  #accessVersion = 1;
  #reconciledVersion = 0;
  #reconciledAt = Number.NEGATIVE_INFINITY;
  /** There are new readings, or what follows. */
  readonly #work = new WakeUp();
  /** What failed before may succeed now. */
  readonly #hope = new WakeUp();
  #published = 0;
  #lost = 0;
  #lastAt = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#filter = new ReadingFilter(options.publication.filter);
    this.#log = options.log ?? SILENT_LOGGER;
    this.#timeoutMs = options.timeoutMs ?? 20_000;
    this.#reconcileMs = options.reconcileMs ?? 3_600_000;
  }

  get publication(): Publication {
    return this.#options.publication;
  }

  /** Items published since the start. */
  get published(): number {
    return this.#published;
  }

  /** Fields that no service would take, since the start. */
  get lost(): number {
    return this.#lost;
  }

  /** There are new readings: those that are to be published are put into the queue. @returns false when it refused them */
  offer(fields: readonly Field[]): boolean {
    const picked = this.#filter.pick(fields);
    if (picked.length === 0) return true;
    const isTaken = this.#options.queue.put(picked);
    this.#work.wake();
    return isTaken;
  }

  /** Who may read has changed: before anything else is published the service is told. */
  accessChanged(): void {
    this.#accessVersion++;
    this.#retry();
  }

  /** Goes on until the signal. Survives every error. While it runs, running it again does nothing but wait for its end. */
  run(signal: AbortSignal): Promise<void> {
    this.#running ??= this.#run(signal).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { peer, backOffMs = { first: 1000, max: 60_000 } } = this.#options;
    const stops: readonly Unsubscribe[] = [
      peer.onOnline((isResumed) => {
        // Whatever happened meanwhile, at the service or to who may read: it is looked at again.
        if (!isResumed) this.#isNodeReady = false;
        this.#retry();
      }),
      peer.onMessage({ name: 'x', namespace: DATA_FORM_NAMESPACE }, async ({ from, type }, x) => {
        if (type !== 'error' && from.equals(this.publication.address.service)) await this.#approve(x);
      }),
    ];
    try {
      for (let failures = 0; !signal.aborted; ) {
        try {
          const isIdle = !(await this.#step(signal));
          failures = 0;
          if (isIdle) {
            const untilReconciledMs = Math.max(1, this.#reconciledAt + this.#reconcileMs - performance.now());
            await this.#work.wait(Math.min(this.#untilDueMs() || LONGEST_WAIT_MS, untilReconciledMs), signal);
          }
        } catch (error) {
          if (signal.aborted) return;
          const waitMs = Math.min(backOffMs.max, backOffMs.first * 2 ** Math.min(failures++, 20));
          this.#report(error, failures, waitMs);
          await this.#hope.wait(waitMs * (0.5 + Math.random() / 2), signal);
        }
      }
    } finally {
      for (const stop of stops) stop();
    }
  }

  #retry(): void {
    this.#work.wake();
    this.#hope.wake();
  }

  /** @returns whether there may be more to do at once. @throws what the service says: everything stays as it is then */
  async #step(signal: AbortSignal): Promise<boolean> {
    const { peer, publication, access, queue } = this.#options;
    const options = { timeoutMs: this.#timeoutMs, signal };
    if (!this.#isNodeReady) {
      ({ checksPreconditions: this.#checksPreconditions } = await setUpNode(peer, publication, options));
      this.#reconciledVersion = 0;
      this.#isNodeReady = true;
    }
    const isDue = performance.now() - this.#reconciledAt >= this.#reconcileMs;
    if (this.#reconciledVersion !== this.#accessVersion || isDue) {
      const version = this.#accessVersion;
      await reconcileSubscribers(peer, publication, access, options);
      this.#reconciledVersion = version;
      this.#reconciledAt = performance.now();
      return true;
    }
    if (this.#untilDueMs() > 0) return false;
    const batch = queue.next();
    if (!batch) return false;
    await this.#publish(batch, signal);
    return true;
  }

  /** Longer than 0: readings are being gathered. */
  #untilDueMs(): number {
    return Math.max(0, this.#lastAt + this.publication.batchMs - performance.now());
  }

  async #publish(batch: PublicationBatch, signal: AbortSignal): Promise<void> {
    const { peer, publication, queue } = this.#options;
    const { number, fields } = batch;
    try {
      const payload = encodeReadoutMessage({ kind: 'fields', seqnr: number.number, fields, done: true });
      const preconditions = this.#checksPreconditions ? preconditionsOf(publication) : undefined;
      const options = { timeoutMs: this.#timeoutMs, signal };
      await publishItem(peer, publication.address, { id: formatItemId(number), payload }, preconditions, options);
    } catch (error) {
      if (isPubSubError(error, 'precondition-not-met') || isCondition(error, 'item-not-found', 'forbidden')) {
        this.#isNodeReady = false;
      }
      if (!isHopeless(error)) throw error;
      this.#refused(batch, error);
      return;
    }
    queue.remove();
    this.#published++;
    this.#lastAt = performance.now();
  }

  /** One of its readings is to blame: the others must not be lost with it, and it must not hold up what comes after it for ever. */
  #refused({ parts, fields }: PublicationBatch, error: Error): void {
    const { queue } = this.#options;
    if (parts > 1) {
      queue.divide();
      return;
    }
    this.#lost += fields.length;
    this.#log.error(
      { ...this.#where(), fields: fields.length, reason: error.message },
      'readings can not be published: they are dropped',
    );
    queue.drop();
  }

  /** The service asks whether somebody may subscribe. @see XEP-0060 §8.6 */
  async #approve(x: Element): Promise<void> {
    const { peer, publication, access } = this.#options;
    const request = approvalRequestOf(x);
    if (publication.access.kind !== 'authorize' || request?.node !== publication.address.node) return;
    const allow = admits(await access.mayRead(request.jid.bare), publication);
    this.#log.info({ ...this.#where(), subscriber: request.jid.toString(), allow }, 'somebody asked to subscribe');
    const form = encodeDataForm(encodeApproval(request, allow));
    try {
      peer.send(message('normal', { to: publication.address.service }, form));
    } catch (error) {
      // With the next connection the service is told to ask again.
      if (!(error instanceof PeerError)) throw error;
    }
  }

  #report(error: unknown, failures: number, waitMs: number): void {
    const level = failures === 1 && !(error instanceof PeerError) ? 'warn' : 'debug';
    this.#log[level]({ ...this.#where(), reason: (error as Error).message, waitMs }, 'sensor data is not published');
  }

  #where() {
    const { service, node } = this.publication.address;
    return { service: service.toString(), node };
  }
}

function approvalRequestOf(x: Element) {
  try {
    return decodeApprovalRequest(decodeDataForm(x));
  } catch (error) {
    if (error instanceof DataFormError) return undefined;
    throw error;
  }
}

/** Would the same readings fail again, however often they are sent? */
function isHopeless(error: unknown): error is StanzaError | PayloadError {
  if (error instanceof PayloadError) return true;
  return error instanceof StanzaError && error.type !== 'wait' && HOPELESS.has(error.condition);
}

function isCondition(error: unknown, ...conditions: readonly string[]): boolean {
  return error instanceof StanzaError && conditions.includes(error.condition);
}
