import type { Command } from '../commands/command.ts';
import type { ServerContext } from '../module.ts';
import type { ActivityWatch } from './activity-watch.ts';
import { adminCommand } from './admin-command.ts';
import { ask, result } from './admin-form.ts';
import { limitOf, MAX_ITEMS_FIELD, truncation } from './list-length.ts';

/** One kind of accounts: how many there are, and which. */
interface Census {
  /** As in the names of the commands. */
  readonly kind: string;
  readonly title: string;
  readonly listNode: string;
  readonly listField: string;
  count(): Promise<number>;
  list(limit: number): Promise<readonly string[]>;
}

/** How many accounts there are, and how many of them are in use. @see XEP-0133 §4.13 to §4.22 */
export function censusCommands(context: ServerContext, activity: ActivityWatch): readonly Command[] {
  const { accounts, sessions } = context;
  /** Accounts with a session, and whether one of these is in use. */
  const online = (): ReadonlyMap<string, boolean> => {
    const found = new Map<string, boolean>();
    for (const session of sessions.all()) {
      const account = session.jid.bare.toString();
      found.set(account, (found.get(account) ?? false) || !activity.isIdle(session));
    }
    return found;
  };
  const those = (isActive: boolean | undefined): string[] =>
    [...online()].filter(([, active]) => isActive === undefined || active === isActive).map(([jid]) => jid);
  const registered = (kind: string, listField: string, filter: { readonly disabled?: boolean }): Census => ({
    kind,
    title: kind === 'disabled' ? 'Disabled Users' : 'Registered Users',
    listNode: `get-${kind}-users-list`,
    listField,
    count: () => accounts.count(filter),
    list: async (limit) => (await accounts.list({ ...filter, limit })).map(({ jid }) => jid),
  });
  const connected = (kind: string, title: string, listNode: string, listField: string, isActive?: boolean): Census => ({
    kind,
    title,
    listNode,
    listField,
    count: async () => those(isActive).length,
    list: async (limit) => those(isActive).sort().slice(0, limit),
  });
  const censuses: readonly Census[] = [
    registered('registered', 'registereduserjids', {}),
    registered('disabled', 'disableduserjids', { disabled: true }),
    connected('online', 'Online Users', 'get-online-users-list', 'onlineuserjids'),
    connected('active', 'Active Users', 'get-active-users', 'activeuserjids', true),
    // The specification has this field in the list of idle users too.
    connected('idle', 'Idle Users', 'get-idle-users', 'activeuserjids', false),
  ];
  return censuses.flatMap((census) => [
    adminCommand(context, {
      name: `get-${census.kind}-users-num`,
      title: `Get Number of ${census.title}`,
      execute: async () =>
        result([
          {
            var: `${census.kind}usersnum`,
            label: `The number of ${census.kind} users`,
            values: [String(await census.count())],
          },
        ]),
    }),
    adminCommand(context, {
      name: census.listNode,
      title: `Get List of ${census.title}`,
      execute: () =>
        ask(
          {
            title: `Requesting List of ${census.title}`,
            instructions: `Fill out this form to request the ${census.kind} users of this service.`,
            fields: [MAX_ITEMS_FIELD],
          },
          async (form) => {
            const limit = limitOf(form);
            const jids = await census.list(limit + 1);
            const label = `The list of all ${census.kind} users`;
            const end = result([{ var: census.listField, label, values: jids.slice(0, limit) }]);
            return { ...end, notes: truncation(jids.length > limit) };
          },
        ),
    }),
  ]);
}
