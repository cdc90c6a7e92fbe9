import { randomBytes } from 'node:crypto';
import type { Jid } from '@thingward/xmpp';
import type { Command, CommandForm } from './command.ts';

export interface CommandSessionLimits {
  /** Of all requesters. */
  readonly maxSessions: number;
  readonly maxSessionsPerRequester: number;
  /** Time a requester may take over one stage. */
  readonly timeoutMs: number;
  /** Stages of one session. */
  readonly maxStages: number;
}

export const DEFAULT_COMMAND_SESSION_LIMITS: CommandSessionLimits = {
  maxSessions: 500,
  maxSessionsPerRequester: 10,
  timeoutMs: 10 * 60_000,
  maxStages: 20,
};

/** Sessions that are over and whose ids are still known as such. */
const MAX_REMEMBERED = 1000;

/** A command somebody is in the middle of. */
export interface OpenCommand {
  readonly id: string;
  readonly command: Command;
  readonly from: Jid;
  /** From the first stage to the current one. */
  readonly stages: CommandForm[];
  /** A step is being taken. */
  busy: boolean;
}

/** The commands that have begun and not ended: in number and time no more than is good. @see XEP-0050 §3.3 */
export class CommandSessions {
  readonly limits: CommandSessionLimits;
  readonly #open = new Map<string, { readonly session: OpenCommand; timer: NodeJS.Timeout }>();
  readonly #ended = new Set<string>();

  constructor(limits: CommandSessionLimits = DEFAULT_COMMAND_SESSION_LIMITS) {
    this.limits = limits;
  }

  get size(): number {
    return this.#open.size;
  }

  /** An id that no session had before. */
  newId(): string {
    return randomBytes(12).toString('base64url');
  }

  /** @returns whether there was room for it */
  add(session: OpenCommand): boolean {
    const { maxSessions, maxSessionsPerRequester } = this.limits;
    let own = 0;
    for (const { session: other } of this.#open.values()) if (other.from.bare.equals(session.from.bare)) own++;
    if (this.#open.size >= maxSessions || own >= maxSessionsPerRequester) return false;
    this.#open.set(session.id, { session, timer: this.#timer(session.id) });
    return true;
  }

  /** The open session of this id, if it belongs to the requester. */
  get(id: string, from: Jid): OpenCommand | undefined {
    const session = this.#open.get(id)?.session;
    return session?.from.equals(from) ? session : undefined;
  }

  /** Was there such a session? */
  hasEnded(id: string): boolean {
    return this.#ended.has(id);
  }

  /** The requester is there: its time begins anew. */
  touch(id: string): void {
    const entry = this.#open.get(id);
    if (!entry) return;
    clearTimeout(entry.timer);
    entry.timer = this.#timer(id);
  }

  end(id: string): void {
    clearTimeout(this.#open.get(id)?.timer);
    this.#open.delete(id);
    this.#ended.add(id);
    for (const oldest of this.#ended) {
      if (this.#ended.size <= MAX_REMEMBERED) break;
      this.#ended.delete(oldest);
    }
  }

  /** Ends what a requester that has gone can't go on with. */
  endAllOf(from: Jid): void {
    for (const { session } of [...this.#open.values()]) if (session.from.equals(from)) this.end(session.id);
  }

  stop(): void {
    for (const { timer } of this.#open.values()) clearTimeout(timer);
    this.#open.clear();
  }

  #timer(id: string): NodeJS.Timeout {
    return setTimeout(() => this.end(id), this.limits.timeoutMs).unref();
  }
}
