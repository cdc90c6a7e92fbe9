import type { Element } from '@thingward/xml';
import type { NodeReference } from '../thing/node.ts';
import { PayloadError } from '../thing/payload.ts';
import type { NodeFailure, ReadoutId } from './codec.ts';
import type { ReadoutDialect } from './dialect.ts';
import type { Field } from './field.ts';
import { encodeFieldNodes } from './field-codec.ts';
import type { ReaderFlow } from './reader-flow.ts';

/**
 * Sends the messages of one read-out. Each is held back for an instant, so that the last one can say that it is the last; a reader
 * of a slow Thing gets what there is without waiting for the next.
 */
export class ReadoutSender {
  readonly #send: (payload: Element) => void;
  readonly #dialect: ReadoutDialect;
  readonly #seqnr: ReadoutId;
  readonly #fieldsPerMessage: number;
  readonly #charactersPerMessage: number;
  readonly #flow: ReaderFlow;
  readonly #clock: () => Date;
  readonly #onLost: (error: unknown) => void;
  #held: Element | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param onLost told when a message that was held back could not be sent */
  constructor(
    send: (payload: Element) => void,
    options: {
      dialect: ReadoutDialect;
      seqnr: ReadoutId;
      fieldsPerMessage: number;
      charactersPerMessage: number;
      flow: ReaderFlow;
      clock: () => Date;
      onLost: (error: unknown) => void;
    },
  ) {
    this.#send = send;
    this.#dialect = options.dialect;
    this.#seqnr = options.seqnr;
    this.#fieldsPerMessage = options.fieldsPerMessage;
    this.#charactersPerMessage = options.charactersPerMessage;
    this.#flow = options.flow;
    this.#clock = options.clock;
    this.#onLost = options.onLost;
  }

  started(): void {
    this.#send(this.#dialect.encodeMessage({ kind: 'started', seqnr: this.#seqnr }));
  }

  /**
   * Sends fields in as many messages as they need; a field that can't be written becomes a failure of its node.
   * Resolves when more may be sent. @throws what asking the reader throws: it is lost
   */
  async fields(fields: readonly Field[]): Promise<void> {
    for (const batch of this.#messagesOf(fields)) {
      try {
        this.#push(this.#dialect.encodeMessage({ kind: 'fields', seqnr: this.#seqnr, fields: batch, done: false }));
      } catch (error) {
        if (!(error instanceof PayloadError)) throw error;
        this.#withoutFaulty(batch);
      }
      await this.#flow.sent();
    }
  }

  /** As few messages as hold neither too many fields nor too much text. */
  *#messagesOf(fields: readonly Field[]): Generator<readonly Field[]> {
    let start = 0;
    let characters = 0;
    for (const [i, field] of fields.entries()) {
      const size = sizeOf(field);
      const isFull = i - start >= this.#fieldsPerMessage || characters + size > this.#charactersPerMessage;
      if (i > start && isFull) {
        yield fields.slice(start, i);
        start = i;
        characters = 0;
      }
      characters += size;
    }
    if (start < fields.length) yield fields.slice(start);
  }

  #withoutFaulty(batch: readonly Field[]): void {
    const errors: NodeFailure[] = [];
    const sound = batch.filter((field) => {
      try {
        return encodeFieldNodes([field]).length > 0;
      } catch (error) {
        if (!(error instanceof PayloadError)) throw error;
        errors.push({ node: field.node, timestamp: this.#clock(), message: printable(error.message) });
        return false;
      }
    });
    if (sound.length > 0) {
      this.#push(this.#dialect.encodeMessage({ kind: 'fields', seqnr: this.#seqnr, fields: sound, done: false }));
    }
    this.#push(this.#dialect.encodeMessage({ kind: 'failure', seqnr: this.#seqnr, errors, done: false }));
  }

  /** Tells that a node could not be read. */
  failure(node: NodeReference | undefined, message: string): void {
    const errors = [{ node, timestamp: this.#clock(), message: printable(message) }];
    this.#push(this.#dialect.encodeMessage({ kind: 'failure', seqnr: this.#seqnr, errors, done: false }));
  }

  /** Tells that this was all. */
  finish(): void {
    const last = this.#held;
    this.stop();
    this.#send(last ? this.#dialect.asLast(last) : this.#dialect.encodeMessage({ kind: 'done', seqnr: this.#seqnr }));
  }

  /** Drops what was held back. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#held = undefined;
  }

  #push(message: Element): void {
    const before = this.#held;
    this.#held = message;
    if (before) this.#send(before);
    this.#timer ??= setTimeout(() => this.#flush(), 0);
  }

  #flush(): void {
    const message = this.#held;
    this.stop();
    try {
      if (message) this.#send(message);
    } catch (error) {
      this.#onLost(error);
    }
  }
}

/** About the characters of a field on the wire, its flags and timestamp included. */
function sizeOf({ name, value, stringIds = '', module = '', node }: Field): number {
  const extra = value.type === 'numeric' ? value.unit : value.type === 'enum' ? value.dataType : '';
  const text = typeof value.value === 'string' ? value.value : '';
  return 160 + name.length + text.length + extra.length + stringIds.length + module.length + (node?.nodeId.length ?? 0);
}

/** A text from anywhere, as XML can hold it. */
function printable(text: string): string {
  return text.replace(/[^\P{C}\t\n]/gu, '\ufffd');
}
