import { EventEmitter } from 'node:events';
import type { Command, Dnp3Association, Dnp3Error, Dnp3Master, Measurement } from '@thingward/dnp3';

/** How a command is given: select before operate, or direct operate. */
export type CommandMode = 'select' | 'direct';

interface SourceEvents {
  readonly measurements: [measurements: readonly Measurement[]];
  readonly online: [];
  readonly offline: [problem: Dnp3Error];
}

/** Where the values of an outstation's Things come from, and where their commands go. */
export abstract class OutstationSource extends EventEmitter<SourceEvents> {
  constructor() {
    super();
    // Each Thing of the outstation listens.
    this.setMaxListeners(0);
  }

  /** Does the outstation answer, as far as is known? */
  abstract readonly isOnline: boolean;

  /** Asks the outstation how all is now; `measurements` tells. Rejects with Dnp3Error when it does not answer */
  abstract refresh(): Promise<void>;

  /** Operates one output, at most once. Rejects as `Dnp3Master.directOperate` does */
  abstract operate(command: Command, mode: CommandMode, signal: AbortSignal): Promise<void>;

  abstract close(): Promise<void>;
}

/** Gives one command. Rejects as `Dnp3Master.directOperate` does */
export async function operateOne(
  master: Dnp3Master,
  command: Command,
  mode: CommandMode,
  signal: AbortSignal,
): Promise<void> {
  if (mode === 'direct') await master.directOperate([command], { signal });
  else await master.selectAndOperate([command], { signal });
}

/** An outstation whose master is the gateway: it is kept in step with, and tells of its changes. */
export class PolledOutstation extends OutstationSource {
  readonly #association: Dnp3Association;

  constructor(association: Dnp3Association) {
    super();
    this.#association = association;
    association.master.on('measurements', (measurements) => this.emit('measurements', measurements));
    association.on('online', () => this.emit('online'));
    association.on('offline', (problem) => this.emit('offline', problem));
    association.open();
  }

  override get isOnline(): boolean {
    return this.#association.isOnline;
  }

  override async refresh(): Promise<void> {
    await this.#association.master.integrityPoll();
  }

  override operate(command: Command, mode: CommandMode, signal: AbortSignal): Promise<void> {
    return operateOne(this.#association.master, command, mode, signal);
  }

  override close(): Promise<void> {
    return this.#association.close();
  }
}
