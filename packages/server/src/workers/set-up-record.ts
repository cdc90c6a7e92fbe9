import { deserializeGrammars, serializeGrammars } from '@thingward/exi';
import { AgreedSetUp, type DatatypeMapping, type StreamOptions } from '@thingward/xmpp/exi';
import { RECORD, type RecordWriter } from './record.ts';

/** Set-ups that a worker keeps for connections to come. */
const MAX_KEPT = 16;

interface Described {
  readonly options: StreamOptions;
  readonly datatypeRepresentationMap: readonly DatatypeMapping[];
}

/** The main process's list of the set-ups that a worker has, by the numbers it knows them by. */
export class GivenSetUps {
  readonly #writer: RecordWriter;
  /** In the order of their last use. */
  readonly #numbers = new Map<AgreedSetUp, number>();
  #last = 0;

  constructor(writer: RecordWriter) {
    this.#writer = writer;
  }

  /** Gives it to the worker, where it has not got it. @returns its number there */
  numberOf(setUp: AgreedSetUp): number {
    const known = this.#numbers.get(setUp);
    const number = known ?? ++this.#last;
    this.#numbers.delete(setUp);
    this.#numbers.set(setUp, number);
    if (known === undefined) this.#give(setUp, number);
    return number;
  }

  #give(setUp: AgreedSetUp, number: number): void {
    const { options, datatypeRepresentationMap } = setUp;
    const described: Described = { options, datatypeRepresentationMap };
    const text = Buffer.from(JSON.stringify(described));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(text.length);
    this.#writer.write(RECORD.setUp, number, length, text, serializeGrammars(setUp.grammars));
    if (this.#numbers.size <= MAX_KEPT) return;
    const [oldest, itsNumber] = this.#numbers.entries().next().value as [AgreedSetUp, number];
    this.#numbers.delete(oldest);
    this.#writer.write(RECORD.forgetSetUp, itsNumber);
  }
}

/** The set-ups a worker was given. Streams that have one keep it when it is forgotten. */
export class KeptSetUps {
  readonly #setUps = new Map<number, AgreedSetUp>();

  /** Takes a record about them. @returns whether it was one */
  take(kind: number, number: number, payload: Uint8Array): boolean {
    if (kind === RECORD.setUp) this.#setUps.set(number, readSetUp(payload));
    else if (kind === RECORD.forgetSetUp) this.#setUps.delete(number);
    else return false;
    return true;
  }

  get(number: number): AgreedSetUp | undefined {
    return this.#setUps.get(number);
  }
}

function readSetUp(payload: Uint8Array): AgreedSetUp {
  const bytes = Buffer.from(payload);
  const end = 4 + bytes.readUInt32LE();
  const described = JSON.parse(bytes.toString('utf8', 4, end)) as Described;
  return new AgreedSetUp(described, deserializeGrammars(bytes.subarray(end)));
}
