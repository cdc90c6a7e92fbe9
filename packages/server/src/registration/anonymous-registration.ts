import type { Element } from '@thingward/xml';
import {
  type DataForm,
  decodePreAuthentication,
  decodeRegistrationRequest,
  encodeRegistrationQuery,
  type FormField,
  REGISTER,
  StanzaError,
} from '@thingward/xmpp';
import { asAccountStanzaError } from '../administration/account-commands.ts';
import type { AnonymousStream } from '../hooks.ts';
import type { ServerContext } from '../module.ts';
import { pushRosterItem } from '../modules/roster.ts';
import type { AttemptLimit } from './attempt-limit.ts';
import type { Invitation, Invitations } from './invitations.ts';

/** Time somebody has to think of a name and a password. */
const PATIENCE_MS = 5 * 60_000;
/** Tokens that may be tried on one stream. */
const MAX_TOKENS = 5;

const INSTRUCTIONS = {
  open: 'Choose a username and password for use with this service.',
  invite: 'To register with this service you need an invitation of its administrators.',
  invited: 'You are invited. Choose a username and password for use with this service.',
} as const;

interface StreamState {
  invitation?: Invitation | undefined;
  tokens: number;
  isDone: boolean;
  /** It was given time once. */
  hasTime: boolean;
}

export interface AnonymousRegistrationOptions {
  readonly context: ServerContext;
  readonly invitations: Invitations;
  readonly limit: AttemptLimit;
}

/** Makes accounts for those who have none. @see XEP-0077 §3.1, XEP-0445 */
export class AnonymousRegistration {
  readonly #options: AnonymousRegistrationOptions;
  readonly #reserved: ReadonlySet<string>;
  readonly #streams = new WeakMap<AnonymousStream, StreamState>();

  constructor(options: AnonymousRegistrationOptions) {
    this.#options = options;
    const { reservedNames, admins } = options.context.config.auth;
    this.#reserved = new Set([...reservedNames, ...admins.map(({ local }) => local as string)]);
  }

  /** Tells what is needed. @throws StanzaError `service-unavailable` where nobody can register */
  fields(stream: AnonymousStream): Element {
    const { registration, registrationInstructions } = this.#options.context.config.auth;
    const { invitation } = this.#stateOf(stream);
    const isPossible = registration === 'open' || (registration === 'invite' && invitation !== undefined);
    if (!isPossible) {
      const instructions = registrationInstructions ?? (registration === 'invite' ? INSTRUCTIONS.invite : undefined);
      if (instructions === undefined)
        throw new StanzaError('service-unavailable', 'accounts are not made in band here');
      return encodeRegistrationQuery({ instructions });
    }
    this.#giveTime(stream);
    const username = invitation?.localpart ?? '';
    const instructions = registrationInstructions ?? (invitation ? INSTRUCTIONS.invited : INSTRUCTIONS.open);
    return encodeRegistrationQuery({ instructions, username, password: '', form: formOf(instructions, username) });
  }

  /** Takes a token. @throws StanzaError `item-not-found` when it is none that lets somebody register */
  async preAuthenticate(request: Element, stream: AnonymousStream): Promise<undefined> {
    const token = decodePreAuthentication(request.elements[0] as Element);
    const state = this.#stateOf(stream);
    if (state.tokens >= MAX_TOKENS) throw new StanzaError('policy-violation', 'too many tokens were tried');
    state.tokens++;
    const invitation = await this.#options.invitations.find(token);
    if (!invitation) {
      throw new StanzaError('item-not-found', 'the token is not valid, or not any more', { type: 'cancel' });
    }
    state.invitation = invitation;
    this.#giveTime(stream);
    return undefined;
  }

  /** Makes an account. @throws StanzaError */
  async register(request: Element, stream: AnonymousStream): Promise<undefined> {
    const { context, invitations, limit } = this.#options;
    const { accounts, config, log } = context;
    const { registration } = config.auth;
    const state = this.#stateOf(stream);
    const { invitation } = state;
    if (registration === 'closed') throw new StanzaError('service-unavailable', 'accounts are not made in band here');
    if (registration === 'invite' && !invitation) throw new StanzaError('not-allowed', INSTRUCTIONS.invite);
    const wanted = decodeRegistrationRequest(request.elements[0] as Element);
    if (wanted.kind === 'remove') {
      throw new StanzaError('unexpected-request', 'who removes an account has to sign in to it first');
    }
    const { username, password } = wanted;
    if (username === undefined || password === undefined) {
      throw new StanzaError('not-acceptable', 'both a username and a password are needed');
    }
    if (state.isDone) throw new StanzaError('not-acceptable', 'this stream has registered an account already');
    if (!limit.take(stream.address)) {
      throw new StanzaError('not-acceptable', 'too many registrations from this address; try again in an hour', {
        type: 'wait',
      });
    }
    const localpart = accounts.localpart(username);
    if (localpart === undefined) throw new StanzaError('not-acceptable', `"${username}" can't be a username`);
    await this.#checkName(localpart, invitation);
    try {
      await accounts.add(localpart, password, async (transaction) => {
        if (invitation) await invitations.use(invitation, transaction);
      });
    } catch (error) {
      throw asAccountStanzaError(error);
    }
    state.isDone = true;
    log.info(
      { account: localpart, address: stream.address, inviter: invitation?.inviter },
      'an account was registered',
    );
    if (invitation?.befriends) await this.#befriend(localpart, invitation.inviter);
    return undefined;
  }

  /** Once, so that nobody stays for ever without signing in. */
  #giveTime(stream: AnonymousStream): void {
    const state = this.#stateOf(stream);
    if (!state.hasTime) stream.extend(PATIENCE_MS);
    state.hasTime = true;
  }

  async #checkName(localpart: string, invitation: Invitation | undefined): Promise<void> {
    if (invitation?.localpart !== undefined) {
      if (invitation.localpart === localpart) return;
      throw new StanzaError('not-acceptable', `this invitation is for ${invitation.localpart}`);
    }
    if (this.#reserved.has(localpart) || (await this.#options.invitations.isPromised(localpart, invitation))) {
      throw new StanzaError('not-acceptable', `${localpart} is reserved`);
    }
  }

  /** @see XEP-0401 §4.4 */
  async #befriend(newcomer: string, inviter: string): Promise<void> {
    const { context } = this.#options;
    const { rosters, router } = context;
    for (const [localpart, contact] of [
      [inviter, newcomer],
      [newcomer, inviter],
    ] as const) {
      const before = await rosters.entry(localpart, router.accountJid(contact));
      const state = { to: true, from: true, pendingIn: false, pendingOut: false, inRoster: true };
      const entry = { ...before, ...state };
      await rosters.save(localpart, entry);
      await pushRosterItem(context, localpart, entry);
    }
  }

  #stateOf(stream: AnonymousStream): StreamState {
    const known = this.#streams.get(stream);
    if (known) return known;
    const state: StreamState = { tokens: 0, isDone: false, hasTime: false };
    this.#streams.set(stream, state);
    return state;
  }
}

function formOf(instructions: string, username: string): DataForm {
  const name: FormField = { var: 'username', type: 'text-single', label: 'Username', required: true };
  return {
    type: 'form',
    title: 'Registration',
    instructions: [instructions],
    fields: [
      { var: 'FORM_TYPE', type: 'hidden', values: [REGISTER] },
      username === '' ? name : { ...name, values: [username] },
      { var: 'password', type: 'text-private', label: 'Password', required: true },
    ],
  };
}
