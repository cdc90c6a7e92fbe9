import { Ieee1451Error } from '../error.ts';
import { parseUuid } from '../uuid.ts';
import type { TimLink } from './link.ts';
import type { LinkFrame } from './link-frame.ts';
import type { Tim } from './tim.ts';

/** Commands whose answers are kept in case that they come again. */
const KEPT_ANSWERS = 32;
const HEARTBEAT_OCTETS = 4;

export interface TimEndOptions {
  readonly tim: Tim;
  /** Of its Meta-TEDS: what it answers to a hello. */
  readonly uuid: string;
  readonly link: TimLink;
}

/**
 * A TIM's end of a link: answers what the NCAP sends and tells what the TIM tells by itself. A command that comes twice is carried out once and
 * answered twice. Closes the link when the NCAP has been silent for longer than it has promised to be.
 */
export class TimEnd {
  readonly #tim: Tim;
  readonly #uuid: Uint8Array;
  readonly #link: TimLink;
  readonly #answers = new Map<number, Uint8Array | undefined>();
  #silence: ReturnType<typeof setTimeout> | undefined;

  /** @throws Ieee1451Error `limit-exceeded` for a UUID that is none */
  constructor({ tim, uuid, link }: TimEndOptions) {
    const octets = parseUuid(uuid);
    if (!octets) throw new Ieee1451Error('limit-exceeded', `"${uuid}" is no UUID`);
    this.#tim = tim;
    this.#uuid = octets;
    this.#link = link;
    tim.on('message', this.#tell);
    link.on('frame', (frame) => this.#received(frame));
    link.once('close', () => {
      tim.off('message', this.#tell);
      clearTimeout(this.#silence);
    });
  }

  /** Says who it is, without being asked. */
  greet(): void {
    this.#link.send({ kind: 'hello', sequence: 0, message: this.#uuid });
  }

  readonly #tell = (message: Uint8Array): void => {
    this.#link.send({ kind: 'initiated', sequence: 0, message });
  };

  #received({ kind, sequence, message }: LinkFrame): void {
    this.#silence?.refresh();
    switch (kind) {
      case 'command':
        this.#perform(sequence, message);
        break;
      case 'hello':
        // Somebody begins to count anew.
        this.#answers.clear();
        if (message.length === 0) this.#link.send({ kind, sequence, message: this.#uuid });
        break;
      case 'heartbeat':
        if (message.length !== HEARTBEAT_OCTETS) break;
        this.#expect(new DataView(message.buffer, message.byteOffset).getUint32(0));
        this.#link.send({ kind, sequence, message });
        break;
      default:
    }
  }

  #perform(sequence: number, command: Uint8Array): void {
    let answer = this.#answers.get(sequence);
    if (!this.#answers.has(sequence)) {
      try {
        answer = this.#tim.receive(command);
      } catch (error) {
        if (!(error instanceof Ieee1451Error)) throw error;
        this.#link.close(`what came is no command: ${error.message}`);
        return;
      }
      this.#answers.set(sequence, answer);
      for (const oldest of this.#answers.keys()) {
        if (this.#answers.size <= KEPT_ANSWERS) break;
        this.#answers.delete(oldest);
      }
    }
    if (answer) this.#link.send({ kind: 'reply', sequence, message: answer });
  }

  #expect(silenceMs: number): void {
    clearTimeout(this.#silence);
    const lost = () => this.#link.close(`the NCAP has been silent for ${silenceMs} ms`);
    this.#silence = setTimeout(lost, Math.min(silenceMs, 2 ** 31 - 1));
  }
}
