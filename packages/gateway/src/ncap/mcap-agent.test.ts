import { Ieee1451Error } from '@thingward/ieee1451';
import {
  decodeAnnouncement,
  decodeEvent,
  decodeInterface,
  decodeMcapReaders,
  decodeReading,
  decodeReadings,
  encodeHistory,
  encodeInterfaceRequest,
  encodeRead,
  encodeWrite,
} from '@thingward/ieee1451/mcap';
import { decodeStoredFieldsQuery, encodeStoredFieldsPage, HISTORY } from '@thingward/things';
import type { Element } from '@thingward/xml';
import { encodeResultSetRequest, Jid, RESULT_SET, SILENT_LOGGER, type StanzaError } from '@thingward/xmpp';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { BoilerTransducers, NCAP, TIM, TIME } from '../../test/boiler-transducers.ts';
import { MemoryNetwork, type MemoryPeer } from '../../test/memory-network.ts';
import { McapAgent } from './mcap-agent.ts';

const NS = 'urn:thingward:ieee1451:1';
const MCAP = Jid.parse('mcap.example.org');
const ACCOUNT = Jid.parse('gateway@example.org/ncap');
const AT = { ncap: NCAP, tim: TIM, channel: 1 };
const VALVE = { ...AT, channel: 2 };

/** An NCAP whose owner may do everything, a guest read the thermometer, and policies forbid to open the valve wide. */
function setUp(options: { readonly withoutTims?: boolean } = {}) {
  const network = new MemoryNetwork();
  const client = network.add(ACCOUNT.toString());
  const mcap = network.join(MCAP.toString());
  const history = network.join('history.example.org');
  const announced: Element[] = [];
  const readers = new Map<string, readonly string[]>();
  const events: Element[] = [];
  const left: string[] = [];
  mcap.onIq('set', { name: 'announce', namespace: NS }, ({ payload }) => {
    announced.push(payload);
    return undefined;
  });
  mcap.onIq('set', { name: 'readers', namespace: NS }, ({ payload }) => {
    const { node, readers: list } = decodeMcapReaders(payload);
    readers.set(node?.nodeId ?? '', list);
    return undefined;
  });
  mcap.onMessage({ name: 'event', namespace: NS }, (_, payload) => {
    events.push(payload);
  });
  mcap.onPresence(({ type }) => {
    if (type === 'unavailable') left.push(type);
  });
  const transducers = new BoilerTransducers();
  let changed = () => {};
  const guests = ['guest@example.org'];
  const agent = new McapAgent({
    peer: client,
    mcap: MCAP,
    ncap: { id: '33333333-3333-4333-8333-333333333333', name: 'Gateway' },
    transducers: options.withoutTims ? [] : [transducers],
    things: [{ service: 'legacy-adapter', protocol: 'modbus', name: 'PLC', node: { nodeId: 'plc' } }],
    access: {
      readers: async (node) =>
        ['owner@example.org', ...(node?.nodeId === 'boiler/1' ? guests : [])].map((jid) => Jid.parse(jid)),
      mayRead: async (jid, node) =>
        jid.local === 'owner' || (node?.nodeId === 'boiler/1' && guests.includes(jid.toString())),
      mayControl: async (jid) => jid.local === 'owner',
      mayWrite: async (_jid, _node, _address, [sample]) => Number(sample) < 0.9,
      onChange: (handler) => {
        changed = handler;
        return () => undefined;
      },
    },
    history: history.jid,
    log: SILENT_LOGGER,
  });
  agent.start();
  client.start();
  onTestFinished(() => agent.stop());
  const ask = (peer: MemoryPeer, payload: Element, type: 'get' | 'set' = 'get') => peer.request(type, ACCOUNT, payload);
  return {
    network,
    agent,
    mcap,
    history,
    transducers,
    announced,
    readers,
    events,
    left,
    guests,
    ask,
    change: () => changed(),
  };
}

const refused = async (request: Promise<unknown>): Promise<StanzaError> => {
  try {
    await request;
  } catch (error) {
    return error as StanzaError;
  }
  throw new Error('it was not refused');
};

describe('announcements', () => {
  it('say what there is, and who may read it', async () => {
    const { announced, readers } = setUp();
    await vi.waitFor(() => expect(readers.size).toBe(4));
    const { ncap, lease } = decodeAnnouncement(announced[0] as Element);
    expect(lease).toBe(90);
    expect(ncap).toMatchObject({
      id: NCAP,
      tims: [
        {
          id: TIM,
          channels: [
            { number: 1, kind: 'sensor' },
            { number: 2, kind: 'actuator' },
          ],
        },
      ],
      things: [{ service: 'legacy-adapter', protocol: 'modbus', name: 'PLC' }],
    });
    expect(readers.get('boiler/1')).toEqual(['guest@example.org', 'owner@example.org']);
    expect(readers.get('plc')).toEqual(['owner@example.org']);
  });

  it('are made of Things alone, too', async () => {
    const { announced } = setUp({ withoutTims: true });
    await vi.waitFor(() => expect(announced).toHaveLength(1));
    expect(decodeAnnouncement(announced[0] as Element).ncap).toMatchObject({
      id: '33333333-3333-4333-8333-333333333333',
      tims: [],
      things: [{ name: 'PLC' }],
    });
  });

  it('come again when a TIM leaves, and when others may read', async () => {
    const { announced, transducers, readers, guests, change } = setUp();
    await vi.waitFor(() => expect(readers.size).toBe(4));
    transducers.isPresent = false;
    transducers.emit('left', transducers.tims[0] as (typeof transducers.tims)[0], 'it is silent');
    await vi.waitFor(() => expect(announced).toHaveLength(2));
    expect(decodeAnnouncement(announced[1] as Element).ncap.tims[0]?.isPresent).toBe(false);
    guests.splice(0);
    change();
    await vi.waitFor(() => expect(readers.get('boiler/1')).toEqual(['owner@example.org']));
  });

  it('tell what a channel tells, and that the NCAP goes', async () => {
    const { agent, events, transducers, left, readers } = setUp();
    await vi.waitFor(() => expect(readers.size).toBe(4));
    const [tim] = transducers.tims as [(typeof transducers.tims)[0]];
    const [channel] = tim?.channels ?? [];
    if (!tim || !channel) throw new Error('there is no channel');
    transducers.emit('event', tim, channel, { samples: [300], time: TIME });
    await vi.waitFor(() => expect(events).toHaveLength(1));
    expect(decodeEvent(events[0] as Element)).toEqual({ ...AT, time: TIME, unit: 'K', samples: [300] });
    await agent.stop();
    await vi.waitFor(() => expect(left).toEqual(['unavailable']));
  });
});

describe('the exchanges', () => {
  const owner = { originator: 'owner@example.org' };
  const guest = { originator: 'guest@example.org' };

  it('describe a channel by its TEDS, with what the originator may do', async () => {
    const { ask, mcap } = setUp();
    const described = decodeInterface((await ask(mcap, encodeInterfaceRequest({ ...AT, ...guest }))) as Element);
    expect(described).toMatchObject({
      kind: 'sensor',
      name: 'Water temperature',
      unit: 'K',
      min: 273,
      max: 393,
      uncertainty: 0.5,
    });
    expect(described.operations).toEqual(['read', 'stream', 'history']);
    expect(described.teds).toHaveLength(1);
    const valve = decodeInterface((await ask(mcap, encodeInterfaceRequest({ ...VALVE, ...owner }))) as Element);
    expect(valve.operations).toEqual(['write', 'history']);
  });

  it('read and write for those who may', async () => {
    const { ask, mcap, transducers } = setUp();
    const reading = decodeReading((await ask(mcap, encodeRead({ ...AT, ...guest }))) as Element);
    expect(reading).toEqual({ ...AT, time: TIME, unit: 'K', samples: [353.5] });
    await ask(mcap, encodeWrite({ ...VALVE, ...owner, samples: [0.5] }), 'set');
    expect(transducers.writes).toEqual([[0.5]]);
  });

  it('decide about each request again', async () => {
    const { ask, mcap, transducers, network } = setUp();
    const condition = async (payload: Element, type: 'get' | 'set' = 'get', from = mcap) =>
      (await refused(ask(from, payload, type))).condition;
    expect(await condition(encodeRead({ ...VALVE, ...guest }))).toBe('forbidden');
    expect(await condition(encodeWrite({ ...VALVE, ...guest, samples: [0.5] }), 'set')).toBe('forbidden');
    // Policies have a say in what the owner does.
    expect(await condition(encodeWrite({ ...VALVE, ...owner, samples: [1] }), 'set')).toBe('forbidden');
    expect(await condition(encodeWrite({ ...AT, ...owner, samples: [0] }), 'set')).toBe('not-allowed');
    expect(await condition(encodeRead({ ...AT, channel: 9, ...owner }))).toBe('item-not-found');
    expect(await condition(encodeRead(AT))).toBe('bad-request');
    // Nobody but the MCAP says on whose behalf it asks, not even the owner.
    const somebody = network.join('owner@example.org/desk');
    expect(await condition(encodeRead({ ...AT, ...owner }), 'get', somebody)).toBe('forbidden');
    expect(transducers.writes).toEqual([]);
  });

  it('name what went wrong at the TIM', async () => {
    const { ask, mcap, transducers } = setUp();
    const read = encodeRead({ ...AT, ...owner });
    const write = encodeWrite({ ...VALVE, ...owner, samples: [0.5] });
    const fails = async (code: 'no-answer' | 'outcome-unknown' | 'refused' | 'not-connected', payload: Element) => {
      transducers.failure = new Ieee1451Error(code, 'x');
      return refused(ask(mcap, payload, payload === write ? 'set' : 'get'));
    };
    expect((await fails('no-answer', read)).condition).toBe('remote-server-timeout');
    expect((await fails('refused', write)).condition).toBe('not-acceptable');
    expect((await fails('not-connected', write)).condition).toBe('resource-constraint');
    const unknown = await fails('outcome-unknown', write);
    expect(unknown).toMatchObject({ condition: 'remote-server-timeout', type: 'cancel' });
    expect(unknown.application?.is('outcome-unknown', NS)).toBe(true);
  });

  it('give what the history has of the channel', async () => {
    const { ask, mcap, history } = setUp();
    history.onIq('get', { name: 'read', namespace: HISTORY }, ({ payload }) => {
      const { node, maxFields, after } = decodeStoredFieldsQuery(payload);
      expect({ node, maxFields, after }).toEqual({ node: { nodeId: 'boiler/1' }, maxFields: 5, after: 'here' });
      const momentary = { types: ['momentary'], qos: ['automaticReadout'], timestamp: TIME } as const;
      return encodeStoredFieldsPage({
        next: 'there',
        fields: [
          { ...momentary, name: 'Water temperature', value: { type: 'numeric', value: '353.50', unit: 'K' } },
          { ...momentary, name: 'Status', types: ['status'], value: { type: 'string', value: 'ok' } },
        ],
      });
    });
    const request = encodeHistory({ ...AT, ...guest }).append(encodeResultSetRequest({ max: 5, after: 'here' }));
    const answer = (await ask(mcap, request)) as Element;
    expect(decodeReadings(answer).readings).toEqual([{ time: TIME, unit: 'K', samples: [353.5] }]);
    expect(answer.child('set', RESULT_SET)?.child('last')?.text).toBe('there');
  });
});
