import { computed, type ReadonlySignal, signal } from '@preact/signals-core';
import { IoTDiscoError, KEY_TAG, type MetaTag, parseIoTDisco } from '@thingward/things';
import { type Jid, PeerError, StanzaError } from '@thingward/xmpp';
import type { Connection } from './connection.ts';
import { explain } from './explain.ts';
import { befriendThing } from './friendship.ts';

export type ClaimStep =
  | { readonly kind: 'input'; readonly problem?: string }
  | { readonly kind: 'review'; readonly tags: readonly MetaTag[]; readonly problem?: string }
  | { readonly kind: 'claiming'; readonly tags: readonly MetaTag[] }
  /** Bare JID of the Thing that is ours now. */
  | { readonly kind: 'claimed'; readonly thing: Jid };

/** A tag as it may be shown. */
export interface ShownTag {
  readonly name: string;
  /** Undefined for the KEY, which is never shown. */
  readonly value: string | undefined;
}

/** Makes a Thing one's own by the string of its QR code. */
export class Claim {
  readonly #connection: Connection;
  readonly #step = signal<ClaimStep>({ kind: 'input' });

  /** What will be claimed. */
  readonly tags: ReadonlySignal<readonly ShownTag[]>;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.tags = computed(() => ('tags' in this.#step.value ? this.#step.value.tags.map(shown) : []));
  }

  get step(): ReadonlySignal<ClaimStep> {
    return this.#step;
  }

  /** Takes what was typed, scanned or pasted. */
  enter(text: string): void {
    try {
      const tags = parseIoTDisco(text.trim());
      if (tags.length === 0) throw new IoTDiscoError('incomplete', 'there are no tags', text.length);
      this.#step.value = { kind: 'review', tags };
    } catch (error) {
      this.#step.value = { kind: 'input', problem: explainText(error) };
    }
  }

  /** Why nothing could be taken. */
  fail(problem: string): void {
    this.#step.value = { kind: 'input', problem };
  }

  /** Back to the beginning. */
  discard(): void {
    this.#step.value = { kind: 'input' };
  }

  /** Claims what is reviewed, and asks the Thing for its presence. @param isPublic shall others find it? */
  async claim(isPublic: boolean): Promise<void> {
    const step = this.#step.value;
    if (step.kind !== 'review') return;
    this.#step.value = { kind: 'claiming', tags: step.tags };
    try {
      const { jid } = await this.#connection.claim(step.tags, isPublic);
      await this.#befriend(jid, step.tags);
      this.#step.value = { kind: 'claimed', thing: jid.bare };
    } catch (error) {
      this.#step.value = { kind: 'review', tags: step.tags, problem: explainClaim(error) };
    }
  }

  /** A connection that is lost just now does not undo the claim: the page of the Thing offers it again. */
  async #befriend(thing: Jid, tags: readonly MetaTag[]): Promise<void> {
    try {
      await befriendThing(this.#connection, thing, tags);
    } catch (error) {
      if (!(error instanceof PeerError || error instanceof StanzaError)) throw error;
    }
  }
}

function shown({ name, value }: MetaTag): ShownTag {
  return { name, value: name === KEY_TAG ? undefined : String(value) };
}

function explainText(error: unknown): string {
  if (!(error instanceof IoTDiscoError)) return explain(error);
  if (error.code === 'bad-prefix' && error.position === 0) {
    return 'This is not the code of a Thing: that begins with “IoTDisco;”.';
  }
  return `This is not a complete code of a Thing: ${error.message}.`;
}

function explainClaim(error: unknown): string {
  if (error instanceof StanzaError && error.condition === 'item-not-found') {
    return 'No Thing with exactly these tags waits for an owner. Is it switched on and connected, or has somebody claimed it already?';
  }
  return explain(error);
}
