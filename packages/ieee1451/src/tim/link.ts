import type { EventEmitter } from 'node:events';
import type { LinkFrame } from './link-frame.ts';

export interface TimLinkEvents {
  frame: [frame: LinkFrame];
  /** It ended: why, where it was not we who closed it. Told once. */
  close: [reason: string | undefined];
}

export interface SendOptions {
  /** An answer of the same number is to come; a line that only one may speak on is kept free for it. */
  readonly isAnswered?: boolean;
  /** Called when the frame goes out, which on a shared line may be later. */
  readonly onSent?: () => void;
}

/**
 * Frames between an NCAP and one TIM, whatever carries them. Frames may be lost, late or doubled where the medium does that; what arrives is
 * what was sent.
 */
export interface TimLink extends EventEmitter<TimLinkEvents> {
  /** For people, as `tcp 192.0.2.7:1451`. */
  readonly name: string;
  readonly isOpen: boolean;
  /** May a frame get lost without the end of the link? Then reading commands are sent again. */
  readonly isLossy: boolean;
  /** Sends a frame; nothing happens when the link has ended. @returns takes it back; false when it was sent already. @throws Ieee1451Error `limit-exceeded` */
  send(frame: LinkFrame, options?: SendOptions): () => boolean;
  /** @param reason given to who listens to `close` */
  close(reason?: string): void;
}

/** Octets that may wait to be taken by the other side. */
export const MAX_UNSENT_OCTETS = 1_000_000;

/** What a link that sends at once gives back: it can't be taken back. */
export const SENT = (): boolean => false;
