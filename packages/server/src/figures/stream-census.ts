/** How a stream reaches the server. */
export const STREAM_KINDS = ['c2s', 'c2sTls', 'exi', 'websocket', 'bosh', 's2sIn', 's2sOut', 'component'] as const;
export type StreamKind = (typeof STREAM_KINDS)[number];

/** Why a connection was not taken. */
export type RefusalReason = 'connections' | 'address' | 'rate' | 'workers';

/** Something that counts bytes itself, as sockets do, until it is closed. */
export interface ByteCounting {
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

export interface StreamFigures {
  readonly open: number;
  /** Since the start. */
  readonly opened: number;
  /** Bytes on the wire since the start, those of TLS included. */
  readonly received: number;
  readonly sent: number;
}

interface Tally {
  readonly counting: Set<Partial<ByteCounting>>;
  opened: number;
  received: number;
  sent: number;
}

/** The streams there are and were, by kind, and their bytes: those are read off the sockets when somebody asks, not counted on the way. */
export class StreamCensus {
  readonly #tallies: Readonly<Record<StreamKind, Tally>> = {
    c2s: newTally(),
    c2sTls: newTally(),
    exi: newTally(),
    websocket: newTally(),
    bosh: newTally(),
    s2sIn: newTally(),
    s2sOut: newTally(),
    component: newTally(),
  };
  readonly #refused = new Map<RefusalReason, number>();

  /** A stream has come. @returns what to call when it is gone */
  entered(kind: StreamKind, counting: Partial<ByteCounting>): () => void {
    const tally = this.#tallies[kind];
    tally.counting.add(counting);
    tally.opened++;
    return () => {
      if (!tally.counting.delete(counting)) return;
      tally.received += counting.bytesRead ?? 0;
      tally.sent += counting.bytesWritten ?? 0;
    };
  }

  /** Bytes of streams that have no socket of their own. */
  transferred(kind: StreamKind, received: number, sent: number): void {
    const tally = this.#tallies[kind];
    tally.received += received;
    tally.sent += sent;
  }

  refused(reason: RefusalReason): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
  }

  get refusals(): ReadonlyMap<RefusalReason, number> {
    return this.#refused;
  }

  figures(kind: StreamKind): StreamFigures {
    const { counting, opened, received, sent } = this.#tallies[kind];
    const sum = { open: counting.size, opened, received, sent };
    for (const { bytesRead = 0, bytesWritten = 0 } of counting) {
      sum.received += bytesRead;
      sum.sent += bytesWritten;
    }
    return sum;
  }
}

function newTally(): Tally {
  return { counting: new Set(), opened: 0, received: 0, sent: 0 };
}
