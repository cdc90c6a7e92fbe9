import { describe, expect, it } from 'vitest';
import type { SubscriptionState } from './roster-store.ts';
import { inbound, outbound, type SubscriptionType } from './subscription.ts';

// The nine states of RFC 6121 Appendix A.1: what is subscribed, `out` for a request we wait for, `in` for one that waits for us.
const STATES = ['none', 'none out', 'none in', 'none out in', 'to', 'to in', 'from', 'from out', 'both'] as const;
type State = (typeof STATES)[number];

function parse(state: State): SubscriptionState {
  const [subscription, ...pending] = state.split(' ');
  return {
    to: subscription === 'to' || subscription === 'both',
    from: subscription === 'from' || subscription === 'both',
    pendingOut: pending.includes('out'),
    pendingIn: pending.includes('in'),
  };
}

/** One line for each of the nine states, in their order: the state after it, with `>` before it where the stanza is passed on. */
const OUTBOUND: Record<SubscriptionType, string> = {
  subscribe: '>none out, >none out, >none out in, >none out in, >to, >to in, >from out, >from out, >both',
  unsubscribe: '>none, >none, >none in, >none in, >none, >none in, >from, >from, >from',
  subscribed: 'none, none out, >from, >from out, to, >both, from, from out, both',
  unsubscribed: 'none, none out, >none, >none out, to, >to, >none, >none out, >to',
};
const INBOUND: Record<SubscriptionType, string> = {
  subscribe: '>none in, >none out in, none in, none out in, >to in, to in, from, from out, both',
  unsubscribe: 'none, none out, >none, >none out, to, >to, >none, >none out, >to',
  subscribed: 'none, >to, none in, >to in, to, to in, from, >both, both',
  unsubscribed: 'none, >none, none in, >none in, >none, >none in, from, >from, >from',
};

describe.each([
  ['outbound', outbound, OUTBOUND],
  ['inbound', inbound, INBOUND],
] as const)('%s subscription stanzas (RFC 6121 Appendix A)', (_, transition, table) => {
  const rows = Object.entries(table).flatMap(([type, results]) =>
    results.split(', ').map((result, i) => [type as SubscriptionType, STATES[i] as State, result] as const),
  );

  it('the table covers each state', () => expect(rows).toHaveLength(4 * STATES.length));

  it.each(rows)('%s in "%s" gives "%s"', (type, before, after) => {
    const { state, forward } = transition(parse(before), type);
    expect(state).toEqual(parse(after.replace('>', '') as State));
    expect(forward).toBe(after.startsWith('>'));
  });
});

it('the server answers a request that was granted before (RFC 6121 §3.1.3)', () => {
  const replies = STATES.filter((state) => inbound(parse(state), 'subscribe').reply === 'subscribed');
  expect(replies).toEqual(['from', 'from out', 'both']);
});
