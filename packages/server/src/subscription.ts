import type { SubscriptionState } from './roster-store.ts';

export type SubscriptionType = 'subscribe' | 'subscribed' | 'unsubscribe' | 'unsubscribed';

export interface Transition {
  readonly state: SubscriptionState;
  /** Is the stanza passed on: outbound to the contact, inbound to the account's clients? */
  readonly forward: boolean;
  /** The contact may see the account's presence already: the server says so itself, without asking the account. */
  readonly reply?: 'subscribed';
}

/** What an account's own presence stanza does to its state with the contact. @see RFC 6121 Appendix A.2 */
export function outbound(state: SubscriptionState, type: SubscriptionType): Transition {
  switch (type) {
    case 'subscribe':
      return { state: { ...state, pendingOut: !state.to }, forward: true };
    case 'unsubscribe':
      return { state: { ...state, to: false, pendingOut: false }, forward: true };
    case 'subscribed':
      // Without a request there is nothing to approve: pre-approval (RFC 6121 §3.4) is not offered.
      return { state: { ...state, from: state.from || state.pendingIn, pendingIn: false }, forward: state.pendingIn };
    case 'unsubscribed':
      return { state: { ...state, from: false, pendingIn: false }, forward: state.from || state.pendingIn };
  }
}

/** What a contact's presence stanza does to the account's state with it. @see RFC 6121 Appendix A.3 */
export function inbound(state: SubscriptionState, type: SubscriptionType): Transition {
  switch (type) {
    case 'subscribe':
      if (state.from) return { state, forward: false, reply: 'subscribed' };
      return { state: { ...state, pendingIn: true }, forward: !state.pendingIn };
    case 'unsubscribe':
      return {
        state: { ...state, from: false, pendingIn: false },
        forward: state.from || state.pendingIn,
      };
    case 'subscribed':
      return { state: { ...state, to: state.to || state.pendingOut, pendingOut: false }, forward: state.pendingOut };
    case 'unsubscribed':
      return { state: { ...state, to: false, pendingOut: false }, forward: state.to || state.pendingOut };
  }
}

export function isSubscriptionType(type: string | undefined): type is SubscriptionType {
  return type === 'subscribe' || type === 'subscribed' || type === 'unsubscribe' || type === 'unsubscribed';
}
