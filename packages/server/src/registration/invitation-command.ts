import { commandError, type DataForm, formValues, type Jid, registrationUri, StanzaError } from '@thingward/xmpp';
import { optionalValue } from '../administration/admin-form.ts';
import type { Command } from '../commands/command.ts';
import type { ServerContext } from '../module.ts';
import type { Invitations } from './invitations.ts';

/** @see XEP-0401 §3 */
export const CREATE_ACCOUNT = 'urn:xmpp:invite#create-account';
export const INVITATION_FORM = 'urn:xmpp:invite#invitation';

const DEFAULT_HOURS = 7 * 24;
const MAX_HOURS = 365 * 24;

/** Lets administrators invite somebody to make an account. @see XEP-0401 §4.4 */
export function invitationCommand(context: ServerContext, invitations: Invitations): Command {
  const { accounts, administrators, domain } = context;
  return {
    node: CREATE_ACCOUNT,
    name: 'Create account',
    mayRun: (from) => administrators.includes(from),
    execute: () => ({
      kind: 'form',
      form: {
        type: 'form',
        title: 'Inviting somebody',
        instructions: ['Without a username, who is invited chooses one.'],
        fields: [
          { var: 'username', type: 'text-single', label: 'Username' },
          { var: 'roster-subscription', type: 'boolean', label: 'Roster subscription' },
          { var: 'hours', type: 'text-single', label: 'Hours it is valid for', values: [String(DEFAULT_HOURS)] },
        ],
      },
      submit: async (form, from: Jid) => {
        const username = optionalValue(form, 'username');
        const localpart = username === undefined ? undefined : accounts.localpart(username);
        if (username !== undefined && localpart === undefined) {
          throw new StanzaError('not-acceptable', `"${username}" can't be a username`);
        }
        if (localpart !== undefined && (await accounts.exists(localpart))) {
          throw new StanzaError('conflict', `${localpart}@${domain} exists already`);
        }
        const expiresAt = new Date(Date.now() + hoursOf(form) * 3_600_000);
        const token = await invitations.create({
          localpart,
          inviter: from.local as string,
          befriends: isTrue(formValues(form, 'roster-subscription')?.[0]),
          expiresAt,
        });
        const account = localpart === undefined ? domain : context.router.accountJid(localpart).toString();
        return {
          kind: 'completed',
          form: {
            type: 'result',
            fields: [
              { var: 'FORM_TYPE', type: 'hidden', values: [INVITATION_FORM] },
              { var: 'uri', type: 'text-single', values: [registrationUri(account, token)] },
              { var: 'expire', type: 'text-single', values: [expiresAt.toISOString()] },
            ],
          },
        };
      },
    }),
  };
}

function isTrue(text: string | undefined): boolean {
  return text === '1' || text === 'true';
}

/** @throws StanzaError `bad-payload` */
function hoursOf(form: DataForm): number {
  const text = optionalValue(form, 'hours') ?? String(DEFAULT_HOURS);
  const hours = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (hours < 1 || hours > MAX_HOURS) throw commandError('bad-payload', `hours is a number from 1 to ${MAX_HOURS}`);
  return hours;
}
