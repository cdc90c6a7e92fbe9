import { encodeEvent, encodeResources, encodeTreeChange } from '@thingward/ieee1451/mcap';
import type { Element } from '@thingward/xml';
import { encodeResultSetPage, findResultSetRequest, Jid, StanzaError, type XmppPeer } from '@thingward/xmpp';
import { describe, expect, it } from 'vitest';
import { gateway, NCAP_ID, TIM_ID } from '../model/network/network.fixture.ts';
import { McapConnection } from './mcap-connection.ts';

const MCAP = Jid.parse('mcap.localhost');
const { signal } = new AbortController();

/** A peer whose requests the test answers, and whose messages it makes. */
function setUp(answer: (payload: Element) => Element | undefined) {
  const asked: [to: string, name: string][] = [];
  const handlers = new Map<string, (from: Jid, payload: Element) => void>();
  const peer = {
    request: async (_type: string, to: Jid, payload: Element) => {
      asked.push([to.toString(), payload.name]);
      return answer(payload);
    },
    onMessage: ({ name }: { name: string }, handler: (message: { from: Jid }, payload: Element) => void) => {
      handlers.set(name, (from, payload) => handler({ from }, payload));
      return () => handlers.delete(name);
    },
  };
  const mcap = new McapConnection(peer as unknown as XmppPeer, async () => MCAP);
  const tell = (from: string, payload: Element) => handlers.get(payload.name)?.(Jid.parse(from), payload);
  return { asked, mcap, tell };
}

describe('McapConnection', () => {
  it('asks for page after page', async () => {
    const pages = ['first', 'second', 'third'];
    const { asked, mcap } = setUp((payload) => {
      const after = findResultSetRequest(payload)?.after;
      const at = after === undefined ? 0 : pages.indexOf(after) + 1;
      const resources = encodeResources([gateway({ name: pages[at] as string })]);
      return resources.append(encodeResultSetPage({ first: pages[at], last: pages[at], index: at, count: 3 }));
    });
    expect((await mcap.discover(signal)).map(({ name }) => name)).toEqual(pages);
    expect(asked).toHaveLength(3);
  });

  it('does not go round in a circle with an MCAP that pages so', async () => {
    const { asked, mcap } = setUp(() =>
      encodeResources([gateway()]).append(encodeResultSetPage({ first: 'a', last: 'a', index: 0 })),
    );
    expect(await mcap.discover(signal)).toHaveLength(2);
    expect(asked).toHaveLength(2);
  });

  it('believes what its MCAP tells, and nobody else', async () => {
    const { mcap, tell } = setUp(() => undefined);
    const told: string[] = [];
    mcap.onChange(({ kind }) => told.push(kind));
    const stop = mcap.onEvent(({ channel }) => told.push(`event of ${channel}`));
    const joined = encodeTreeChange({ kind: 'joined', ncap: gateway() });
    tell('mcap.localhost', joined);
    await mcap.follow(signal);
    tell('mallory@localhost/x', joined);
    tell('mcap.localhost', joined);
    tell('mcap.localhost', encodeTreeChange({ kind: 'left', ncap: gateway() }));
    const event = encodeEvent({ ncap: NCAP_ID, tim: TIM_ID, channel: 4, time: new Date(), samples: [1] });
    tell('mcap.localhost', event);
    stop();
    tell('mcap.localhost', event);
    expect(told).toEqual(['joined', 'left', 'event of 4']);
  });

  it('takes an answer that is none for a failure', async () => {
    const { mcap } = setUp(() => undefined);
    await expect(mcap.read({ ncap: NCAP_ID, tim: TIM_ID, channel: 1 }, signal)).rejects.toThrow(StanzaError);
    await expect(mcap.write({ ncap: NCAP_ID, tim: TIM_ID, channel: 1 }, [1])).resolves.toBeUndefined();
  });
});
