import { type DataForm, type FormField, StanzaError } from '@thingward/xmpp';
import type { Command, CommandStep } from '../commands/command.ts';
import type { MaybePromise } from '../hooks.ts';
import type { ServerContext } from '../module.ts';
import { adminCommand } from './admin-command.ts';
import { ask, done, requiredValue, textOf } from './admin-form.ts';
import type { Announcements } from './announcements.ts';

const MAX_LENGTH = 10_000;

/** What administrators say to users. @see XEP-0133 §4.23 to §4.28 */
export function announcementCommands(context: ServerContext, announcements: Announcements): readonly Command[] {
  const command = (
    name: string,
    title: string,
    execute: () => MaybePromise<CommandStep>,
    isOffered?: () => MaybePromise<boolean>,
  ) => adminCommand(context, { name, title, execute, ...(isOffered && { isOffered }) });
  const text = (name: string, label: string, current?: string): FormField => ({
    var: name,
    type: 'text-multi',
    label,
    required: true,
    ...(current !== undefined && { values: current.split('\n') }),
  });

  return [
    command('announce', 'Send Announcement to Online Users', () =>
      ask(
        {
          title: 'Making an Announcement',
          instructions: 'Fill out this form to make an announcement to all active users of this service.',
          fields: [text('announcement', 'Announcement')],
        },
        (form) => {
          const count = announcements.announce('Announcement', requiredText(form, 'announcement'));
          return done(`${count} ${count === 1 ? 'user was' : 'users were'} told`);
        },
      ),
    ),
    command('set-motd', 'Set Message of the Day', () =>
      ask(
        {
          title: 'Setting the Message of the Day',
          instructions: 'Fill out this form to set the message of the day.',
          fields: [text('motd', 'Message of the Day')],
        },
        async (form) => {
          await announcements.setMotd(requiredText(form, 'motd'));
          return done();
        },
      ),
    ),
    command(
      'edit-motd',
      'Edit Message of the Day',
      async () =>
        ask(
          {
            title: 'Editing the Message of the Day',
            instructions: 'Fill out this form to edit the message of the day. Who has seen it is not told again.',
            fields: [text('motd', 'Message of the Day', await announcements.motd())],
          },
          async (form) => {
            if (await announcements.editMotd(requiredText(form, 'motd'))) return done();
            throw new StanzaError('item-not-found', 'there is no message of the day any more');
          },
        ),
      async () => (await announcements.motd()) !== undefined,
    ),
    command(
      'delete-motd',
      'Delete Message of the Day',
      async () => {
        await announcements.deleteMotd();
        return done();
      },
      async () => (await announcements.motd()) !== undefined,
    ),
    command('set-welcome', 'Set Welcome Message', async () =>
      ask(
        {
          title: 'Setting Welcome Message',
          instructions: 'Fill out this form to set the message that greets whoever signs in for the first time.',
          fields: [text('welcome', 'Welcome Message', await announcements.welcome())],
        },
        async (form) => {
          await announcements.setWelcome(requiredText(form, 'welcome'));
          return done();
        },
      ),
    ),
    command(
      'delete-welcome',
      'Delete Welcome Message',
      async () => {
        await announcements.deleteWelcome();
        return done();
      },
      async () => (await announcements.welcome()) !== undefined,
    ),
  ];
}

function requiredText(form: DataForm, name: string): string {
  requiredValue(form, name);
  const text = textOf(form, name);
  if (text === undefined) throw new StanzaError('not-acceptable', 'the text is empty');
  if (text.length > MAX_LENGTH)
    throw new StanzaError('not-acceptable', `the text is longer than ${MAX_LENGTH} characters`);
  return text;
}
