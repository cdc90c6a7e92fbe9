import { xml } from '@thingward/xml';
import {
  type DataForm,
  encodeRosterItem,
  type FormField,
  type Jid,
  NS,
  StanzaError,
  type StanzaErrorCondition,
  StreamError,
} from '@thingward/xmpp';
import { AccountError, type AccountState } from '../accounts.ts';
import type { Command, CommandStep } from '../commands/command.ts';
import type { MaybePromise } from '../hooks.ts';
import type { ServerContext } from '../module.ts';
import { toRosterItem } from '../roster-store.ts';
import type { ActivityWatch } from './activity-watch.ts';
import { adminCommand } from './admin-command.ts';
import {
  accountField,
  accountsField,
  addressesOf,
  ask,
  done,
  optionalValue,
  requiredValue,
  result,
} from './admin-form.ts';
import { parseAddress } from './administrators.ts';

const CONDITIONS: Readonly<Record<AccountError['code'], StanzaErrorCondition>> = {
  exists: 'conflict',
  unknown: 'item-not-found',
  'bad-name': 'not-acceptable',
  'bad-password': 'not-acceptable',
};

/** The stanza error for what is wrong with an account; other errors stay what they are. */
export function asAccountStanzaError(error: unknown): unknown {
  return error instanceof AccountError ? new StanzaError(CONDITIONS[error.code], error.message) : error;
}

/**
 * What administrators do with accounts. "Get User Password" is not among it: passwords are kept as SCRAM keys alone, from which
 * nobody can tell them.
 * @see XEP-0133 §4.1 to §4.10
 */
export function accountCommands(context: ServerContext, activity: ActivityWatch): readonly Command[] {
  const { accounts, accountChanges, administrators, domain, rosters, sessions } = context;
  const command = (name: string, title: string, execute: (from: Jid) => MaybePromise<CommandStep>) =>
    adminCommand(context, { name, title, execute });

  const localpartOf = (jid: Jid): string => {
    if (jid.domain !== domain || jid.local === undefined) {
      throw new StanzaError('item-not-found', `${jid} is no account of ${domain}`);
    }
    return jid.local;
  };
  const stateOf = async (jid: Jid): Promise<AccountState> => {
    const state = await accounts.state(localpartOf(jid));
    if (!state) throw new StanzaError('item-not-found', `there is no account ${jid.bare}`);
    return state;
  };
  const bareOnly = (jid: Jid): Jid => {
    if (jid.resource === undefined) return jid;
    throw new StanzaError('not-acceptable', `${jid} is a session: name the account, ${jid.bare}`);
  };
  /** The accounts a form names: all of them exist, or nothing is done to any. */
  const accountsOf = async (form: DataForm): Promise<readonly Jid[]> => {
    const jids = addressesOf(form, 'accountjids').map(bareOnly);
    if (jids.length === 0) throw new StanzaError('not-acceptable', 'no account is named');
    for (const jid of jids) await stateOf(jid);
    return jids;
  };
  const oneAccount = (form: DataForm): Jid => bareOnly(parseAddress(requiredValue(form, 'accountjid')));
  const changed = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      throw asAccountStanzaError(error);
    }
  };
  /** Nobody locks out whom the configuration has made an administrator. */
  const notConfigured = (jids: readonly Jid[], what: string) => {
    const named = jids.find((jid) => administrators.isConfigured(jid));
    if (named)
      throw new StanzaError('not-allowed', `${named} can't be ${what}: the configuration names it (auth.admins)`);
  };

  return [
    command('add-user', 'Add User', () =>
      ask(
        {
          title: 'Adding a User',
          instructions: 'Fill out this form to add a user.',
          fields: [
            accountField('The Jabber ID for the account to be added'),
            { var: 'password', type: 'text-private', label: 'The password for this account', required: true },
            { var: 'password-verify', type: 'text-private', label: 'Retype password' },
          ],
        },
        async (form) => {
          const jid = oneAccount(form);
          const password = requiredValue(form, 'password');
          const again = optionalValue(form, 'password-verify');
          if (again !== undefined && again !== password)
            throw new StanzaError('not-acceptable', 'the two passwords differ');
          await changed(() => accounts.add(jid.toString(), password));
          return done();
        },
      ),
    ),
    command('delete-user', 'Delete User', () =>
      ask(
        {
          title: 'Deleting a User',
          instructions: 'Fill out this form to delete a user.',
          fields: [accountsField('The Jabber ID(s) to delete')],
        },
        async (form) => {
          const jids = await accountsOf(form);
          notConfigured(jids, 'deleted');
          for (const jid of jids) await changed(() => accountChanges.remove(localpartOf(jid)));
          return done();
        },
      ),
    ),
    command('disable-user', 'Disable User', () =>
      ask(
        {
          title: 'Disabling a User',
          instructions: 'Fill out this form to disable a user.',
          fields: [accountsField('The Jabber ID(s) to disable')],
        },
        async (form) => {
          const jids = await accountsOf(form);
          notConfigured(jids, 'disabled');
          for (const jid of jids) await changed(() => accountChanges.disable(localpartOf(jid)));
          return done();
        },
      ),
    ),
    command('reenable-user', 'Re-Enable User', () =>
      ask(
        {
          title: 'Re-Enabling a User',
          instructions: 'Fill out this form to re-enable a user.',
          fields: [accountsField('The Jabber ID(s) to re-enable')],
        },
        async (form) => {
          for (const jid of await accountsOf(form)) await changed(() => accountChanges.enable(localpartOf(jid)));
          return done();
        },
      ),
    ),
    command('end-user-session', 'End User Session', () =>
      ask(
        {
          title: 'Ending a User Session',
          instructions: 'Fill out this form to end a user’s session.',
          fields: [accountsField('The Jabber ID(s) for which to end sessions')],
        },
        async (form) => {
          const jids = addressesOf(form, 'accountjids');
          if (jids.length === 0) throw new StanzaError('not-acceptable', 'no account is named');
          for (const jid of jids) await stateOf(jid);
          const error = new StreamError('policy-violation', 'an administrator has ended the session');
          let count = 0;
          for (const jid of jids) count += await accountChanges.endSessions(jid, error);
          return done(`${count} ${count === 1 ? 'session was' : 'sessions were'} ended`);
        },
      ),
    ),
    command('change-user-password', 'Change User Password', () =>
      ask(
        {
          title: 'Changing a User Password',
          instructions: 'Fill out this form to change a user’s password.',
          fields: [
            accountField('The Jabber ID for this account'),
            { var: 'password', type: 'text-private', label: 'The password for this account', required: true },
          ],
        },
        async (form) => {
          const jid = oneAccount(form);
          await changed(() => accounts.setPassword(jid.toString(), requiredValue(form, 'password')));
          return done();
        },
      ),
    ),
    command('get-user-roster', 'Get User Roster', () =>
      ask(
        {
          title: 'Getting a User’s Roster',
          instructions: 'Fill out this form to get a user’s roster.',
          fields: [accountsField('The Jabber ID(s) for which to retrieve the roster')],
        },
        async (form) => {
          const [jid, ...others] = await accountsOf(form);
          // A result has room for one roster, which does not say whose it is.
          if (!jid || others.length > 0) throw new StanzaError('not-acceptable', 'one roster at a time');
          const entries = await rosters.entries(localpartOf(jid));
          const items = entries
            .filter(({ inRoster }) => inRoster)
            .map((entry) => encodeRosterItem(toRosterItem(entry)));
          return result(
            [{ var: 'accountjids', values: [jid.toString()] }],
            [xml('query', { xmlns: NS.roster }, items)],
          );
        },
      ),
    ),
    command('get-user-lastlogin', 'Get User Last Login Time', () =>
      ask(
        {
          title: 'Getting a User’s Last Login Time',
          instructions: 'Fill out this form to get a user’s last login time.',
          fields: [accountsField('The Jabber ID(s) for which to retrieve the last login time')],
        },
        async (form) => {
          const fields: FormField[] = [];
          for (const jid of await accountsOf(form)) {
            const time = activity.lastLogin(localpartOf(jid)) ?? (await stateOf(jid)).lastLoginAt;
            fields.push({ var: 'accountjids', values: [jid.toString()] });
            fields.push({ var: 'lastlogin', values: time ? [time.toISOString()] : [] });
          }
          return result(fields);
        },
      ),
    ),
    command('user-stats', 'Get User Statistics', () =>
      ask(
        {
          title: 'Get User Statistics',
          instructions: 'Fill out this form to gather user statistics.',
          fields: [accountField('The Jabber ID for statistics')],
        },
        async (form) => {
          const jid = oneAccount(form);
          await stateOf(jid);
          const localpart = localpartOf(jid);
          const own = sessions.of(localpart);
          const addresses = own.flatMap(({ wire }) => (wire ? [wire.remote.replace(/:\d+$/, '')] : []));
          const perSecond = own.reduce((sum, session) => sum + activity.stanzasPerSecond(session), 0);
          return result([
            { var: 'ipaddresses', values: [...new Set(addresses)] },
            { var: 'rostersize', values: [String(await rosters.count(localpart))] },
            { var: 'onlineresources', values: own.map((session) => session.jid.resource ?? '') },
            { var: 'stanzaspersecond', values: [rounded(perSecond)] },
            { var: 'loginsperminute', values: [rounded(activity.loginsPerMinute(localpart))] },
          ]);
        },
      ),
    ),
  ];
}

function rounded(value: number): string {
  return String(Math.round(value * 100) / 100);
}
