import { Dnp3Error } from './error.ts';
import { decodeLinkFrame, type LinkFrame, START } from './link-frame.ts';
import { concatOctets } from './octets.ts';

/**
 * Finds the frames in a stream of octets, however it is cut. What is no frame is passed over, up to the next octets that could begin
 * one, as on a serial line; `onNoise` hears of it.
 * @see IEEE 1815-2012 §9.2.4.1
 */
export class LinkFrameReader {
  readonly #onNoise: ((problem: Dnp3Error) => void) | undefined;
  #pending: Uint8Array = new Uint8Array(0);

  constructor(onNoise?: (problem: Dnp3Error) => void) {
    this.#onNoise = onNoise;
  }

  /** Octets that may be the beginning of a frame; fewer than 292. */
  get pending(): number {
    return this.#pending.length;
  }

  /** The frames that end in this chunk. */
  push(chunk: Uint8Array): readonly LinkFrame[] {
    const octets = this.#pending.length === 0 ? chunk : concatOctets([this.#pending, chunk]);
    const frames: LinkFrame[] = [];
    let at = 0;
    while (at < octets.length) {
      try {
        const found = decodeLinkFrame(octets, at);
        if (!found) break;
        frames.push(found.frame);
        at = found.end;
      } catch (error) {
        if (!(error instanceof Dnp3Error)) throw error;
        this.#onNoise?.(error);
        at = nextStart(octets, at + 1);
      }
    }
    this.#pending = octets.slice(at);
    return frames;
  }
}

/** Where the next frame may begin. */
function nextStart(octets: Uint8Array, from: number): number {
  for (let at = octets.indexOf(START[0], from); at !== -1; at = octets.indexOf(START[0], at + 1)) {
    if (at + 1 === octets.length || octets[at + 1] === START[1]) return at;
  }
  return octets.length;
}
