import type { Jid } from '@thingward/xmpp';
import type { Command, CommandStep } from '../commands/command.ts';
import type { MaybePromise } from '../hooks.ts';
import type { ServerContext } from '../module.ts';
import { ADMIN } from './admin-form.ts';

/** What a command of XEP-0133 is made of. */
export interface AdminCommand {
  /** After `#` in the node. */
  readonly name: string;
  readonly title: string;
  isOffered?(): MaybePromise<boolean>;
  execute(from: Jid): MaybePromise<CommandStep>;
}

/** A command that administrators alone may run. @see XEP-0133 */
export function adminCommand({ administrators }: ServerContext, { name, title, ...rest }: AdminCommand): Command {
  return { node: `${ADMIN}#${name}`, name: title, mayRun: (from) => administrators.includes(from), ...rest };
}
