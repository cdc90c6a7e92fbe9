import type { Duplex } from 'node:stream';
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
    return this.#read(this.#pending.length === 0 ? chunk : concatOctets([this.#pending, chunk]), 0);
  }

  /**
   * Nothing came for longer than a pause within a frame may be: a frame that has begun will have no end. What it has swallowed is
   * looked through once more.
   * @see IEEE 1815-2012 §9.2.4
   */
  silence(): readonly LinkFrame[] {
    const frames: LinkFrame[] = [];
    while (this.#pending.length > 0) frames.push(...this.#read(this.#pending, nextStart(this.#pending, 1)));
    return frames;
  }

  #read(octets: Uint8Array, from: number): readonly LinkFrame[] {
    const frames: LinkFrame[] = [];
    let at = from;
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

/**
 * Takes the frames that arrive on a line, until it is closed.
 * @param gapMs a pause that ends a frame that was cut off, as on a serial line; undefined: pauses mean nothing
 */
export function receiveLinkFrames(line: Duplex, gapMs: number | undefined, take: (frame: LinkFrame) => void): void {
  const reader = new LinkFrameReader();
  let gap: NodeJS.Timeout | undefined;
  const silence = () => {
    for (const frame of reader.silence()) take(frame);
  };
  line.on('data', (chunk: Uint8Array) => {
    clearTimeout(gap);
    for (const frame of reader.push(chunk)) take(frame);
    if (gapMs !== undefined && reader.pending > 0) gap = setTimeout(silence, gapMs);
  });
  line.once('close', () => clearTimeout(gap));
}
