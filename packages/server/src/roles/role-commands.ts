import { commandError, type DataForm, type FormField, Jid } from '@thingward/xmpp';
import { ask, done, requiredValue } from '../administration/admin-form.ts';
import type { Command } from '../commands/command.ts';
import { GUARD_COMMANDS } from '../guard/command-namespace.ts';
import type { ServerContext } from '../module.ts';
import { isRoleName } from './account-roles.ts';

const FIELDS: readonly FormField[] = [
  { var: 'jid', type: 'jid-single', label: 'Account', required: true },
  { var: 'role', label: 'Role', required: true },
];
const INSTRUCTIONS = 'A role is a group of policies.';

/** What administrators do with the roles of accounts. */
export function roleCommands({
  policies,
  administrators,
  accounts,
  domain,
  router,
}: ServerContext): readonly Command[] {
  const { roles } = policies;
  const command = (name: string, title: string, execute: Command['execute']): Command => ({
    node: `${GUARD_COMMANDS}#${name}`,
    name: title,
    mayRun: (from) => administrators.includes(from),
    execute,
  });
  const localpartOf = (form: DataForm) => {
    const text = requiredValue(form, 'jid');
    const jid = Jid.tryParse(text);
    if (jid?.local === undefined || jid.domain !== domain) {
      throw commandError('bad-payload', `${text} is no address of an account of ${domain}`);
    }
    return jid.local;
  };
  return [
    command('list-roles', 'List Roles', () => {
      const items = roles.list().map(({ localpart, role, source }): readonly FormField[] => [
        { var: 'jid', values: [router.accountJid(localpart).toString()] },
        { var: 'role', values: [role] },
        { var: 'source', values: [source] },
      ]);
      const reported = ['jid', 'role', 'source'].map((name) => ({ var: name, label: name }));
      return { kind: 'completed', form: { type: 'result', fields: [], reported, items } };
    }),
    command('add-role', 'Give a Role', () =>
      ask({ title: 'Giving a Role', instructions: INSTRUCTIONS, fields: FIELDS }, async (form) => {
        const [localpart, role] = [localpartOf(form), requiredValue(form, 'role')];
        if (!isRoleName(role)) {
          throw commandError('bad-payload', `no role is called "${role}": letters, digits, spaces and . _ : - alone`);
        }
        if (!(await accounts.exists(localpart))) {
          throw commandError('bad-payload', `there is no account ${router.accountJid(localpart)}`);
        }
        await roles.add(localpart, role);
        return done();
      }),
    ),
    command('remove-role', 'Take a Role', () =>
      ask({ title: 'Taking a Role', instructions: INSTRUCTIONS, fields: FIELDS }, async (form) => {
        const [localpart, role] = [localpartOf(form), requiredValue(form, 'role')];
        if (await roles.remove(localpart, role)) return done();
        throw commandError('bad-payload', `${router.accountJid(localpart)} has no role "${role}"`);
      }),
    ),
  ];
}
