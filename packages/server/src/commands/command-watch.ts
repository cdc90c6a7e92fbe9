import type { DataForm, Jid } from '@thingward/xmpp';
import type { Command } from './command.ts';

/** A step of a command that was taken, or was not. */
export interface CommandRun {
  readonly command: Pick<Command, 'node' | 'name'>;
  readonly from: Jid;
  /** The form that was to be filled in, and how it was; none where nothing was asked. */
  readonly asked?: DataForm | undefined;
  readonly form?: DataForm | undefined;
  readonly effect: 'done' | 'failed' | 'refused' | 'continued';
  readonly reason?: string | undefined;
}

/** Knows of all commands that are run. */
export interface CommandWatch {
  /** Why a command must not be carried out now; undefined when it may. */
  refusal(command: Pick<Command, 'node'>): string | undefined;
  /** It must be quick and must not throw. */
  ran(run: CommandRun): void;
}
