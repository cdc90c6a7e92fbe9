import {
  DISCOVERY,
  decodeReaders,
  decodeRegister,
  decodeStore,
  decodeStoredFieldsQuery,
  encodeClaimed,
  encodeStoredFieldsPage,
  type Field,
  HISTORY,
  readSensorData,
  type StoredFieldsQuery,
  subscribeToEvents,
} from '@thingward/things';
import { Jid, ping, SILENT_LOGGER } from '@thingward/xmpp';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { MemoryNetwork } from '../test/memory-network.ts';
import { temporaryState } from '../test/state.ts';
import { AccountAgent } from './account-agent.ts';
import type { Device } from './drivers/device.ts';
import { field, numeric } from './drivers/fields.ts';
import { Outbox } from './state/outbox.ts';

const NODE = { nodeId: 'tank' };
const ACCOUNT = 'plc@example.org';
const OWNER = Jid.parse('owner@example.org');
const at = (ms: number) => field('Level', numeric(ms / 1000, 'm', 1), new Date(ms));

/** A device whose polls give one field for each time, and then none. */
function device(times: number[]): Device & { closed: boolean } {
  return {
    node: NODE,
    metaTags: [{ name: 'KEY', type: 'str', value: 'secret' }],
    parameters: [],
    schedules: [{ name: 'fast', intervalMs: 20 }],
    closed: false,
    async *read() {
      yield [at(1000)];
    },
    parameterValue: () => undefined,
    set: async () => undefined,
    async poll() {
      const time = times.shift();
      return time === undefined ? [] : [at(time)];
    },
    close() {
      this.closed = true;
    },
  };
}

/** An agent on a network with a registry, a history and a friend. */
function setUp(times: number[], services: { history?: boolean } = {}) {
  const network = new MemoryNetwork();
  const client = network.add(`${ACCOUNT}/gateway`);
  const friend = network.join('friend@example.org/phone');
  const registry = network.join('registry.example.org');
  const history = network.join('history.example.org');
  const stored: Field[] = [];
  const readers: string[][] = [];
  const registered: string[] = [];
  registry.onIq('set', { name: 'register', namespace: DISCOVERY }, ({ payload }) => {
    registered.push(decodeRegister(payload).node?.nodeId ?? '');
    return undefined;
  });
  history.onIq('set', { name: 'store', namespace: HISTORY }, ({ payload }) => {
    stored.push(...decodeStore(payload));
    return undefined;
  });
  history.onIq('set', { name: 'readers', namespace: HISTORY }, ({ payload }) => {
    readers.push(decodeReaders(payload).readers.map(String));
    return undefined;
  });
  const state = temporaryState();
  const outbox = new Outbox(state, 1000);
  const warnings: unknown[] = [];
  const hosted = device(times);
  const agent = new AccountAgent({
    client,
    devices: [{ name: 'Tank', device: hosted, metaTags: hosted.metaTags, friends: [friend.jid.bare] }],
    registry: registry.jid,
    history: services.history === false ? undefined : history.jid,
    state,
    outbox,
    log: { ...SILENT_LOGGER, warn: (details) => void warnings.push(details) },
  });
  const stop = vi.fn(() => agent.stop());
  onTestFinished(async () => {
    if (stop.mock.calls.length === 0) await stop();
    expect(network.errors).toEqual([]);
  });
  return {
    network,
    client,
    friend,
    registry,
    history,
    stored,
    readers,
    registered,
    outbox,
    agent,
    stop,
    hosted,
    warnings,
  };
}

describe('AccountAgent', () => {
  it('stores what a device tells by itself at once, until it stops', async () => {
    const { agent, hosted, stored, stop } = setUp([]);
    let tell: ((fields: readonly Field[]) => void) | undefined;
    Object.assign(hosted, {
      watch: (onFields: typeof tell) => {
        tell = onFields;
        return () => {
          tell = undefined;
        };
      },
    });
    await agent.start();
    await agent.client.ready();
    tell?.([at(5000)]);
    await vi.waitFor(() => expect(stored.map(({ timestamp }) => timestamp.getTime())).toContain(5000));
    await stop();
    expect(tell).toBeUndefined();
  });

  it('polls its devices and stores what they give under their node, also when the clock jumps back', async () => {
    const { agent, stored, outbox } = setUp([5000, 6000, 2000, 3000]);
    await agent.start();
    await vi.waitFor(() => expect(stored.length).toBe(4), { timeout: 3000 });
    expect(stored.map(({ timestamp }) => timestamp.getTime())).toEqual([5000, 6000, 2000, 3000]);
    expect(stored[0]).toMatchObject({ node: NODE, name: 'Level', value: { value: '5.0', unit: 'm' } });
    await vi.waitFor(() => expect(outbox.size).toBe(0));
    expect(agent.stored).toBe(4);
  });

  it('speaks for its Things: registers them, answers read-outs of friends, and pings', async () => {
    const { agent, client, friend, registered } = setUp([]);
    await agent.start();
    await vi.waitFor(() => expect(registered).toEqual(['tank']));
    const fields: Field[] = [];
    for await (const batch of readSensorData(friend, client.jid, { nodes: [NODE] })) fields.push(...[batch].flat());
    expect(fields.map(({ name }) => name)).toEqual(['Level']);
    await ping(friend, client.jid);
  });

  it('answers read-outs of the past from the history', async () => {
    const { agent, client, friend, history } = setUp([]);
    const asked: StoredFieldsQuery[] = [];
    history.onIq('get', { name: 'read', namespace: HISTORY }, ({ payload }) => {
      const query = decodeStoredFieldsQuery(payload);
      asked.push(query);
      const hour = asked.length;
      const past = { ...at(hour * 3_600_000), node: NODE, types: ['historicalHour' as const] };
      return encodeStoredFieldsPage({ fields: [past], next: hour < 3 ? String(hour) : undefined });
    });
    await agent.start();
    const fields: Field[] = [];
    const wish = { nodes: [NODE], types: ['historicalHour' as const], names: ['Level'] };
    for await (const batch of readSensorData(friend, client.jid, wish)) fields.push(...batch);
    expect(fields.map(({ value }) => value.value)).toEqual(['3600.0', '7200.0', '10800.0']);
    expect(asked.map(({ after }) => after)).toEqual([undefined, '1', '2']);
    expect(asked[0]).toMatchObject({ node: NODE, period: 'hour', names: ['Level'] });
    expect(asked[0]?.thing.toString()).toBe(ACCOUNT);
  });

  it('tells the history who may read, when it comes online and when a Thing is claimed', async () => {
    const { agent, client, registry, readers } = setUp([]);
    await agent.start();
    await vi.waitFor(() => expect(readers).toEqual([['friend@example.org']]));
    await registry.request('set', client.jid, encodeClaimed({ jid: OWNER, node: NODE, public: true }));
    await vi.waitFor(() => expect(readers.at(-1)).toEqual(['owner@example.org', 'friend@example.org']));
    expect(agent.ownershipOf(agent.devices[0]!.device).owner).toBe('owner@example.org');
    client.disconnect();
    client.connect();
    await vi.waitFor(() => expect(readers.length).toBe(3));
  });

  it('goes on without a history that answers', async () => {
    const { agent, history, warnings, outbox } = setUp([1000]);
    history.disconnect();
    await agent.start();
    await vi.waitFor(() => expect(warnings.length).toBe(1));
    expect(warnings[0]).toMatchObject({ account: ACCOUNT });
    await vi.waitFor(() => expect(outbox.size).toBe(1));
  });

  it('tells the history who may read when it is back, though the connection was never lost', async () => {
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const { agent, history, readers, warnings } = setUp([]);
    history.disconnect();
    await agent.start();
    await vi.advanceTimersByTimeAsync(20_000);
    expect([readers, warnings.length]).toEqual([[], 1]);
    history.connect();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(readers).toEqual([['friend@example.org']]);
  });

  it('keeps no value that is missing', async () => {
    const { agent, hosted, outbox, history } = setUp([1000]);
    history.disconnect();
    const polled = hosted.poll;
    hosted.poll = async (...of) => (await polled(...of)).flatMap((real) => [{ ...real, qos: ['missing'] }, real]);
    await agent.start();
    await vi.waitFor(() => expect(outbox.size).toBe(1));
    expect(outbox.next(ACCOUNT, 10).fields.map(({ qos }) => qos)).toEqual([['automaticReadout']]);
  });

  it('tells subscribers what it polls, also without a history', async () => {
    const times: number[] = [];
    const { agent, friend, client } = setUp(times, { history: false });
    await agent.start();
    const fields = [{ name: 'Level', changedBy: 1 }];
    const seen: string[] = [];
    const nodes = [NODE];
    for await (const event of subscribeToEvents(friend, client.jid, { nodes, fields })) {
      seen.push(...event.map(({ node, value }) => `${node?.nodeId} ${value.value}`));
      if (seen.length === 1) times.push(1500, 2000);
      else break;
    }
    expect(seen).toEqual(['tank 1.0', 'tank 2.0']);
  });

  it('keeps nothing when there is no history to store it', async () => {
    const { agent, outbox, readers, hosted } = setUp([1000, 2000], { history: false });
    const polled = vi.spyOn(hosted, 'poll');
    await agent.start();
    await vi.waitFor(() => expect(polled.mock.calls.length).toBeGreaterThan(2));
    expect([outbox.size, agent.stored, readers]).toEqual([0, 0, []]);
  });

  it('uploads what is left when it stops, ends polling and leaves', async () => {
    const { agent, stop, client, stored, outbox, hosted } = setUp([]);
    await agent.start();
    outbox.put(ACCOUNT, [at(7000)]);
    await stop();
    expect(stored.map(({ timestamp }) => timestamp.getTime())).toEqual([7000]);
    expect(client.state).toBe('stopped');
    expect(hosted.closed).toBe(true);
    const polled = vi.spyOn(hosted, 'poll');
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(polled).not.toHaveBeenCalled();
  });
});

describe('AccountAgent whose devices come and go', () => {
  const part = (times: number[], nodeId: string) => ({ ...device(times), node: { nodeId }, metaTags: [] });

  it('polls, registers and stores for a device from when it comes until it goes', async () => {
    const { agent, stored, readers, registered, friend } = setUp([]);
    await agent.start();
    await agent.client.ready();
    const pump = part([5000, 6000], 'pump');
    const hosted = { name: 'Pump', device: pump, metaTags: [], friends: [friend.jid.bare] };
    await agent.add(hosted);
    await expect(agent.add(hosted)).rejects.toThrow('two Things have the node');
    await vi.waitFor(() => expect(stored.map(({ node }) => node?.nodeId)).toEqual(['pump', 'pump']));
    await vi.waitFor(() => expect(readers.at(-1)).toEqual(['friend@example.org']));
    expect(registered).not.toContain('pump');
    const readPump = async () => {
      let count = 0;
      const options = { nodes: [pump.node] };
      for await (const fields of readSensorData(friend, agent.client.jid, options)) count += fields.length;
      return count;
    };
    expect(await readPump()).toBe(1);
    expect(agent.devices.map(({ name }) => name)).toEqual(['Tank', 'Pump']);
    await agent.remove(pump);
    expect(pump.closed).toBe(true);
    await expect(readPump()).rejects.toMatchObject({ condition: 'item-not-found' });
    await agent.add({ ...hosted, device: part([7000], 'pump') });
    await vi.waitFor(() => expect(stored).toHaveLength(3));
  });
});
