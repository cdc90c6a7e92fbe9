import {
  type DocumentReference,
  followDocuments,
  getChangedDocument,
  PayloadError,
  type StoredDocument,
} from '@thingward/things';
import { type Jid, type Logger, PeerError, StanzaError, type Unsubscribe, type XmppPeer } from '@thingward/xmpp';
import { PointListError } from '../drivers/point-table.ts';
import type { KeptDocument, StoredDocuments } from '../state/document-store.ts';

export interface FollowedDocumentOptions {
  readonly peer: XmppPeer;
  readonly broker: Jid;
  readonly reference: DocumentReference;
  readonly store: StoredDocuments;
  /** Puts a document to use, wholly or not at all. @throws PointListError when it can't be used */
  readonly apply: (document: KeptDocument) => void;
  readonly log: Logger;
  /** Wait after a failed request, doubled with each further one. 1,000 ms up to 60,000 when not given. */
  readonly backOffMs?: { readonly first: number; readonly max: number } | undefined;
}

const TIMEOUT_MS = 30_000;

/**
 * A document of the broker by which a device works. The last good copy is kept on disk and used until there is another; one that can't
 * be used is refused, and the one before stays.
 */
export class FollowedDocument {
  readonly #options: FollowedDocumentOptions;
  readonly #stopping = new AbortController();
  #digest: string | undefined;
  /** The digest of what was refused, or what else was said last: told once, not with each look. */
  #said: string | undefined;
  #looking: Promise<void> | undefined;
  #isToLookAgain = false;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopFollowing: Unsubscribe | undefined;

  constructor(options: FollowedDocumentOptions) {
    this.#options = options;
  }

  /** SHA-256 of what is in use; undefined: nothing. */
  get digest(): string | undefined {
    return this.#digest;
  }

  /** Puts to use what was kept, if there is something. */
  load(): void {
    const { store, reference, apply, log } = this.#options;
    const kept = store.load(reference);
    if (!kept) return;
    try {
      apply(kept);
      this.#digest = kept.digest;
    } catch (error) {
      if (!(error instanceof PointListError)) throw error;
      log.warn(
        { ...this.#details, reason: error.message },
        `the ${reference.kind} that was kept can't be used any more`,
      );
    }
  }

  /** Looks for it at the broker whenever there is a connection, and at each change. */
  start(): void {
    const { peer, broker, reference } = this.#options;
    this.#stopFollowing = followDocuments(peer, broker, reference, {
      onFollowing: () => this.#look(),
      onChange: ({ kind, document }) => {
        if (document.kind !== reference.kind || document.name !== reference.name) return;
        if (kind === 'changed') this.#look();
        else this.#removed();
      },
      onTrouble: (error) => this.#trouble(error.message),
    });
  }

  /** Ends it, and waits for what is under way. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the gateway stops'));
    clearTimeout(this.#timer);
    this.#stopFollowing?.();
    await this.#looking;
  }

  get #details() {
    const { thing, node, kind, name } = this.#options.reference;
    return { account: this.#options.peer.jid.bare.toString(), about: thing.toString(), node, kind, name };
  }

  #look(): void {
    this.#isToLookAgain = true;
    this.#looking ??= this.#lookUntilKnown().finally(() => {
      this.#looking = undefined;
    });
  }

  async #lookUntilKnown(): Promise<void> {
    const { peer, broker, reference } = this.#options;
    const { signal } = this.#stopping;
    while (this.#isToLookAgain && !signal.aborted) {
      this.#isToLookAgain = false;
      try {
        const question = { ...reference, unless: this.#digest };
        const found = await getChangedDocument(peer, broker, question, { signal, timeoutMs: TIMEOUT_MS });
        this.#failures = 0;
        if (found) this.#found(found);
        else this.#said = undefined;
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  #found(document: StoredDocument): void {
    const { store, reference, apply, log } = this.#options;
    const { digest, version, by, mediaType, content } = document;
    const details = { ...this.#details, version, digest, by: by.toString() };
    try {
      if (content.form === 'xml') throw new PointListError('it is XML: expected text');
      const kept = { mediaType, digest, version, content };
      apply(kept);
      this.#digest = digest;
      this.#said = undefined;
      // Whoever changes it says what is read and written where: that is worth being seen.
      log.warn(details, `the ${reference.kind} from the broker is in use`);
      store.keep(reference, kept);
    } catch (error) {
      if (!(error instanceof PointListError)) {
        log.error({ ...details, err: error }, `the ${reference.kind} from the broker could not be kept`);
        return;
      }
      if (this.#said === digest) return;
      this.#said = digest;
      const rest = this.#digest === undefined ? 'there is none in use' : 'the one before stays in use';
      log.warn({ ...details, reason: error.message }, `the ${reference.kind} from the broker was refused: ${rest}`);
    }
  }

  #failed(error: unknown): void {
    const { signal } = this.#stopping;
    // With the next connection it begins anew.
    if (signal.aborted || error instanceof PeerError) return;
    if (!(error instanceof StanzaError || error instanceof PayloadError)) {
      this.#options.log.error({ ...this.#details, err: error }, 'a document of the broker could not be looked for');
      return;
    }
    this.#trouble(error.message);
    // What is not there is told of when it is put.
    if (error instanceof StanzaError && error.condition === 'item-not-found') return;
    const { first, max } = this.#options.backOffMs ?? { first: 1000, max: 60_000 };
    const waitMs = Math.min(max, first * 2 ** Math.min(this.#failures++, 20));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), waitMs * (0.5 + Math.random() / 2));
  }

  #trouble(reason: string): void {
    if (this.#said === reason) return;
    this.#said = reason;
    const rest = this.#digest === undefined ? 'there is none in use' : 'the one before stays in use';
    const { reference, log } = this.#options;
    log.warn({ ...this.#details, reason }, `the ${reference.kind} can't be had from the broker: ${rest}`);
  }

  #removed(): void {
    this.#trouble('it was removed');
  }
}
