import type { Element } from '@thingward/xml';
import type { CommandNote, DataForm, Jid } from '@thingward/xmpp';
import type { MaybePromise } from '../hooks.ts';

/** A stage that waits for its form to be filled in. */
export interface CommandForm {
  readonly kind: 'form';
  readonly form: DataForm;
  /** More stages follow this one. */
  readonly hasNext?: boolean;
  /** Takes what was filled in. Called again when the requester has gone back to this stage. @throws StanzaError; the stage remains then */
  submit(form: DataForm, from: Jid): MaybePromise<CommandStep>;
}

/** The end of a command. One that failed has a note of type `error` (XEP-0050 §3.6). */
export interface CommandEnd {
  readonly kind: 'completed';
  readonly form?: DataForm;
  readonly notes?: readonly CommandNote[];
  readonly payload?: readonly Element[];
}

export type CommandStep = CommandForm | CommandEnd;

/** A command that modules offer. */
export interface Command {
  /** Its name on the wire: unique, with a namespace as its beginning. */
  readonly node: string;
  /** For people. */
  readonly name: string;
  /** May this JID see and run it? Asked again at each step. */
  mayRun(from: Jid): MaybePromise<boolean>;
  /** Is it of use now? What is not, is neither listed nor run. */
  isOffered?(): MaybePromise<boolean>;
  /** The first stage, or the end where nothing has to be asked. @param from full JID of the requester @throws StanzaError */
  execute(from: Jid): MaybePromise<CommandStep>;
}
