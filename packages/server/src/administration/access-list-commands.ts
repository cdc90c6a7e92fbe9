import { StanzaError } from '@thingward/xmpp';
import type { Command } from '../commands/command.ts';
import type { ServerContext } from '../module.ts';
import type { AccessListName } from './access-lists.ts';
import { adminCommand } from './admin-command.ts';
import { addressesOf, ask, done } from './admin-form.ts';

/**
 * Whom the whole server has nothing to do with, or with whom alone. They work in both directions: the commands for one direction are not
 * offered, as the specification leaves it.
 * @see XEP-0133 §4.11, §4.12
 */
export function accessListCommands(context: ServerContext): readonly Command[] {
  const { accessLists, administrators } = context;
  const edit = (list: AccessListName, title: string, instructions: string) =>
    adminCommand(context, {
      name: `edit-${list}`,
      title: `Edit ${title}`,
      execute: () =>
        ask(
          {
            title: `Editing the ${title}`,
            instructions,
            fields: [
              {
                var: `${list}jids`,
                type: 'jid-multi',
                label: `The ${list}`,
                values: accessLists.entries(list),
              },
            ],
          },
          async (form) => {
            const jids = addressesOf(form, `${list}jids`);
            for (const jid of list === 'blacklist' ? jids : []) {
              if (jid.local === undefined || !(await administrators.includes(jid))) continue;
              throw new StanzaError('not-allowed', `${jid.bare} is an administrator`);
            }
            await accessLists.replace(list, jids);
            return done();
          },
        ),
    });
  return [
    edit(
      'blacklist',
      'Blacklist',
      'Fill out this form to edit the list of entities with whom communications are disallowed.',
    ),
    edit(
      'whitelist',
      'Whitelist',
      'Fill out this form to edit the list of entities with whom communications are allowed. All are while it is empty.',
    ),
  ];
}
