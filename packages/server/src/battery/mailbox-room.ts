import { StanzaError } from '@thingward/xmpp';
import type { KeptCommand, Replacement } from './command-store.ts';
import type { MailboxSettings } from './mailbox-config.ts';

/**
 * Is there room in the mailbox for one more, where it takes the place of others?
 * @throws StanzaError `resource-constraint`
 */
export function checkRoom(
  waiting: readonly KeptCommand[],
  replaced: readonly Replacement[],
  command: KeptCommand,
  { maxCommands, maxCommandsPerSender, maxBytes }: MailboxSettings,
): void {
  const gone = new Set(replaced.filter(({ rest }) => rest === undefined).map(({ id }) => id));
  const left = waiting.filter(({ id }) => !gone.has(id));
  const own = left.filter(({ sender }) => sender.bare.equals(command.sender.bare));
  const bytes = left.reduce((sum, { payload }) => sum + payload.toString().length, command.payload.toString().length);
  if (left.length >= maxCommands || bytes > maxBytes) {
    throw new StanzaError('resource-constraint', 'too much waits for the Thing already');
  }
  if (own.length >= maxCommandsPerSender) {
    throw new StanzaError('resource-constraint', `you have ${own.length} commands waiting for the Thing already`);
  }
}
