import { type Jid, PRE_AUTHENTICATION, rosterUri } from '@thingward/xmpp';
import type { Command } from '../commands/command.ts';
import type { ServerContext } from '../module.ts';
import { INVITATION_FORM } from './invitation-command.ts';
import type { Invitations } from './invitations.ts';

/** @see XEP-0401 §3 */
export const INVITE_USER = 'urn:xmpp:invite#invite';

const DAYS = 7;
const DAY_MS = 86_400_000;

/** Lets users invite somebody to become their contact and, where the server wishes it, to make an account first. @see XEP-0401 §4.1 */
export function contactInvitationCommand(context: ServerContext, invitations: Invitations): Command {
  const { accounts, config, domain } = context;
  return {
    node: INVITE_USER,
    name: 'Invite user',
    isOffered: () => config.auth.userInvitations !== 'none',
    mayRun: ({ local, domain: of }) => of === domain && local !== undefined && accounts.exists(local),
    execute: async (from: Jid) => {
      const { registration, userInvitations } = config.auth;
      const letsRegister = userInvitations === 'account' && registration === 'invite';
      const expiresAt = new Date(Date.now() + DAYS * DAY_MS);
      const token = await invitations.createForContact(from.local as string, letsRegister, expiresAt);
      return {
        kind: 'completed',
        form: {
          type: 'result',
          fields: [
            { var: 'FORM_TYPE', type: 'hidden', values: [INVITATION_FORM] },
            { var: 'uri', type: 'text-single', values: [rosterUri(from.bare.toString(), token, letsRegister)] },
            { var: 'expire', type: 'text-single', values: [expiresAt.toISOString()] },
          ],
        },
      };
    },
  };
}

/** Has requests to subscribe approved that show a token of who is asked. Others are as if they showed none. @see XEP-0379 §3.5, §4.1 */
export function approveInvited({ hooks }: ServerContext, invitations: Invitations): void {
  hooks.onSubscriptionRequested(async (localpart, request) => {
    const token = request.child('preauth', PRE_AUTHENTICATION)?.attribute('token');
    return token !== undefined && token !== '' && (await invitations.useForContact(token, localpart));
  });
}
