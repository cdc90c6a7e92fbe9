import { xml } from '@thingward/xml';
import {
  decodeRegistrationRequest,
  encodeRegistrationQuery,
  type Jid,
  PRE_AUTHENTICATION,
  REGISTER,
  REGISTER_FEATURE,
  StanzaError,
  TOKEN_REGISTER_FEATURE,
} from '@thingward/xmpp';
import { asAccountStanzaError } from '../administration/account-commands.ts';
import { isLoopback } from '../listeners/listen.ts';
import type { ServerContext, ServerModule } from '../module.ts';
import { AnonymousRegistration } from '../registration/anonymous-registration.ts';
import { AttemptLimit } from '../registration/attempt-limit.ts';
import { approveInvited, contactInvitationCommand } from '../registration/contact-invitation.ts';
import { invitationCommand } from '../registration/invitation-command.ts';
import { type InvitationSchema, Invitations, invitationMigrations } from '../registration/invitations.ts';
import type { Stanza } from '../stanza.ts';

/** Makes accounts, changes their passwords and removes them over XMPP. @see XEP-0077, XEP-0445, XEP-0401, XEP-0379 */
export const registration: ServerModule = {
  name: 'registration',
  features: [REGISTER],
  migrations: invitationMigrations,
  start(context) {
    const { commands, config, database, hooks, router } = context;
    const { registration: setting } = config.auth;
    const invitations = new Invitations(database.withTables<InvitationSchema>());
    const limit = new AttemptLimit(config.limits.maxRegistrationsPerHour);
    const anonymous = new AnonymousRegistration({ context, invitations, limit });

    commands.add(contactInvitationCommand(context, invitations));
    approveInvited(context, invitations);
    hooks.onAnonymousIq('get', 'query', REGISTER, (_, stream) => anonymous.fields(stream));
    hooks.onAnonymousIq('set', 'query', REGISTER, (request, stream) => anonymous.register(request, stream));
    if (setting !== 'closed') addFeature(context, REGISTER_FEATURE);
    if (setting === 'invite') {
      addFeature(context, TOKEN_REGISTER_FEATURE);
      hooks.onAnonymousIq('set', 'preauth', PRE_AUTHENTICATION, (request, stream) =>
        anonymous.preAuthenticate(request, stream),
      );
      commands.add(invitationCommand(context, invitations));
    }

    // Without an address it is the account that is asked, with that of the server the server.
    for (const answer of [router.onServerIq.bind(router), router.onAccountIq.bind(router)]) {
      answer('get', 'query', REGISTER, (stanza) => {
        const { local = '' } = ownAccount(context, stanza);
        return encodeRegistrationQuery({ registered: true, username: local, password: '' });
      });
      answer('set', 'query', REGISTER, async (stanza) => {
        await change(context, stanza);
        return undefined;
      });
    }
  },
};

function addFeature({ hooks }: ServerContext, namespace: string): void {
  hooks.addStreamFeature(({ authenticated }) => (authenticated ? undefined : xml('register', { xmlns: namespace })));
}

/** The account that asks about itself. @throws StanzaError */
function ownAccount({ domain }: ServerContext, { from, to }: Stanza): Jid {
  if (from.domain !== domain || from.local === undefined) {
    throw new StanzaError('registration-required', `${from.bare} is not registered here`);
  }
  if (to?.local !== undefined && !to.equals(from.bare)) throw new StanzaError('forbidden');
  return from.bare;
}

/** @see XEP-0077 §3.2, §3.3 */
async function change(context: ServerContext, stanza: Stanza): Promise<void> {
  const { accounts, sessions } = context;
  const account = ownAccount(context, stanza);
  const query = stanza.element.child('query', REGISTER);
  if (!query) throw new StanzaError('bad-request');
  const request = decodeRegistrationRequest(query);
  if (request.kind === 'remove') return remove(context, account);
  const { username, password } = request;
  if (username === undefined || password === undefined) {
    throw new StanzaError('bad-request', 'to change a password both username and password are needed');
  }
  if (accounts.localpart(username) !== account.local) {
    throw new StanzaError('not-allowed', `you are ${account.local}, and another's password is not yours to change`);
  }
  const wire = sessions.get(stanza.from)?.wire;
  if (!wire?.isEncrypted && !isLoopback(wire?.remote.replace(/:\d+$/, '') ?? '')) {
    throw new StanzaError('not-authorized', 'passwords are taken over encrypted streams only', { type: 'modify' });
  }
  try {
    await accounts.setPassword(account.local ?? '', password);
  } catch (error) {
    throw asAccountStanzaError(error);
  }
}

async function remove({ accounts, accountChanges, administrators, log }: ServerContext, account: Jid): Promise<void> {
  if (administrators.isConfigured(account)) {
    throw new StanzaError('not-allowed', 'the configuration names this account (auth.admins)');
  }
  const localpart = account.local as string;
  // From here on it is gone for everybody. The rest follows when the answer was sent, as it ends this session too.
  await accounts.setDisabled(localpart, true);
  setImmediate(() => {
    accountChanges.remove(localpart).catch((error: unknown) => {
      log.error({ err: error, account: localpart }, 'an account could not be removed; it stays disabled');
    });
  });
}
