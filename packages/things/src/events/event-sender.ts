import type { Element } from '@thingward/xml';
import type { NodeFailure, ReadoutId, ReadoutMessage } from '../sensor-data/codec.ts';
import type { ReadoutDialect } from '../sensor-data/dialect.ts';
import type { Field } from '../sensor-data/field.ts';
import { encodeFieldNodes } from '../sensor-data/field-codec.ts';
import { PayloadError } from '../thing/payload.ts';
import type { EventPart } from './event-content.ts';

/** About the characters that the fields of one message have: well below what servers take. */
const CHARACTERS_PER_MESSAGE = 40_000;

/**
 * Sends one event in as many messages as it needs. The last one says that it is the last, so that each waits for the next.
 * @throws what sending throws
 */
export class EventSender {
  readonly #dialect: ReadoutDialect;
  readonly #seqnr: ReadoutId;
  readonly #fieldsPerMessage: number;
  readonly #clock: () => Date;
  readonly #send: (payload: Element) => void;
  #held: Element | undefined;

  constructor(
    send: (payload: Element) => void,
    options: {
      readonly dialect: ReadoutDialect;
      readonly seqnr: ReadoutId;
      readonly fieldsPerMessage: number;
      readonly clock: () => Date;
    },
  ) {
    this.#send = send;
    this.#dialect = options.dialect;
    this.#seqnr = options.seqnr;
    this.#fieldsPerMessage = options.fieldsPerMessage;
    this.#clock = options.clock;
  }

  part(part: EventPart): void {
    if (part.kind === 'failure') this.#failures([part.error]);
    else this.#fields(part.fields);
  }

  /** That was all. An event without anything in it is sent too: its reader counts on it. */
  finish(): void {
    const last = this.#held;
    this.#held = undefined;
    this.#send(last ? this.#dialect.asLast(last) : this.#dialect.encodeMessage({ kind: 'done', seqnr: this.#seqnr }));
  }

  #fields(fields: readonly Field[]): void {
    const errors: NodeFailure[] = [];
    let batch: Field[] = [];
    let characters = 0;
    const flush = () => {
      if (batch.length > 0) this.#push({ kind: 'fields', seqnr: this.#seqnr, fields: batch, done: false });
      batch = [];
      characters = 0;
    };
    for (const field of fields) {
      const size = this.#sizeOf(field, errors);
      if (size === undefined) continue;
      if (batch.length >= this.#fieldsPerMessage || characters + size > CHARACTERS_PER_MESSAGE) flush();
      batch.push(field);
      characters += size;
    }
    flush();
    if (errors.length > 0) this.#failures(errors);
  }

  /** Undefined for a field that can't be written: it becomes a failure of its node. */
  #sizeOf(field: Field, errors: NodeFailure[]): number | undefined {
    try {
      return encodeFieldNodes([field]).reduce((sum, element) => sum + element.toString().length, 0);
    } catch (error) {
      if (!(error instanceof PayloadError)) throw error;
      errors.push({ node: field.node, timestamp: this.#clock(), message: error.message });
      return undefined;
    }
  }

  #failures(errors: readonly NodeFailure[]): void {
    const printable = errors.map((error) => ({ ...error, message: error.message.replace(/[^\P{C}\t\n]/gu, '\ufffd') }));
    this.#push({ kind: 'failure', seqnr: this.#seqnr, errors: printable, done: false });
  }

  #push(message: ReadoutMessage): void {
    const before = this.#held;
    this.#held = this.#dialect.encodeMessage(message);
    if (before) this.#send(before);
  }
}
