import { decodeStore, type Field, HISTORY } from '@thingward/things';
import { Jid, type Logger, SILENT_LOGGER, StanzaError } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MemoryNetwork } from '../test/memory-network.ts';
import { temporaryState } from '../test/state.ts';
import { Outbox } from './state/outbox.ts';
import { Uploader } from './uploader.ts';

const ACCOUNT = 'plc@example.org';

function field(name: string, value = '1'): Field {
  const numeric = { type: 'numeric', value, unit: 'm' } as const;
  return { name, value: numeric, types: ['momentary'], qos: ['automaticReadout'], timestamp: new Date(1000) };
}

/** An uploader and a history service that stores, or answers with what `refuse` gives. */
function setUp(refuse: (names: readonly string[], attempt: number) => StanzaError | undefined = () => undefined) {
  const network = new MemoryNetwork();
  const peer = network.join(`${ACCOUNT}/gateway`);
  const history = network.join('history.example.org');
  const stores: string[][] = [];
  const stored: string[] = [];
  history.onIq('set', { name: 'store', namespace: HISTORY }, ({ payload }) => {
    const names = decodeStore(payload).map(({ name }) => name);
    stores.push(names);
    const refusal = refuse(names, stores.length);
    if (refusal) throw refusal;
    stored.push(...names.filter((name) => !stored.includes(name)));
    return undefined;
  });
  const outbox = new Outbox(temporaryState(), 10_000);
  const errors: unknown[] = [];
  const log: Logger = { ...SILENT_LOGGER, error: (...args: unknown[]) => void errors.push(args) };
  const uploader = new Uploader(peer, Jid.parse('history.example.org'), outbox, ACCOUNT, log);
  return { network, peer, history, stores, stored, outbox, uploader, errors };
}

describe('Uploader', () => {
  it('uploads in order and forgets what is stored', async () => {
    const { uploader, outbox, stores } = setUp();
    for (let i = 0; i < 300; i++) outbox.put(ACCOUNT, [field(`a${i}`), field(`b${i}`)]);
    outbox.put('other@example.org', [field('of another account')]);
    while (await uploader.uploadOnce());
    expect(stores.flat()).toEqual(Array.from({ length: 300 }, (_, i) => [`a${i}`, `b${i}`]).flat());
    expect(Math.max(...stores.map(({ length }) => length))).toBeLessThanOrEqual(500);
    expect([uploader.stored, outbox.size]).toEqual([600, 1]);
  });

  it.each(['internal-server-error', 'resource-constraint', 'service-unavailable', 'forbidden'] as const)(
    'keeps what is refused with %s',
    async (condition) => {
      const { uploader, outbox } = setUp(() => new StanzaError(condition));
      outbox.put(ACCOUNT, [field('kept')]);
      await expect(uploader.uploadOnce()).rejects.toMatchObject({ condition });
      expect([uploader.stored, outbox.size]).toEqual([0, 1]);
    },
  );

  it('drops what is refused for good, says so, and nothing else with it', async () => {
    const { uploader, outbox, stored, errors } = setUp((names) =>
      names.includes('bad') ? new StanzaError('policy-violation', 'a value has at most 5 characters') : undefined,
    );
    for (const name of ['a', 'b', 'bad', 'c', 'd']) outbox.put(ACCOUNT, [field(name)]);
    while (await uploader.uploadOnce());
    expect(stored).toEqual(['a', 'b', 'c', 'd']);
    expect(errors.length).toBe(1);
    expect([uploader.stored, outbox.size]).toEqual([4, 0]);
  });

  it('is not held up by a reading that cannot be written at all', async () => {
    const { uploader, outbox, stored } = setUp();
    for (const name of ['a', 'not \u0001 XML', 'c']) outbox.put(ACCOUNT, [field(name)]);
    while (await uploader.uploadOnce());
    expect(stored).toEqual(['a', 'c']);
    expect(outbox.size).toBe(0);
  });

  it('uploads again when the answer was lost, which does no harm', async () => {
    const cut: { now?: () => void } = {};
    const { uploader, outbox, stores, stored, peer } = setUp((_, attempt) => {
      if (attempt === 1) cut.now?.();
      return undefined;
    });
    cut.now = () => peer.disconnect();
    outbox.put(ACCOUNT, [field('a')]);
    await expect(uploader.uploadOnce()).rejects.toMatchObject({ code: 'connection-lost' });
    expect([stored, outbox.size]).toEqual([['a'], 1]);
    peer.connect();
    await uploader.uploadOnce();
    expect(stores).toEqual([['a'], ['a']]);
    expect([stored, outbox.size, uploader.stored]).toEqual([['a'], 0, 1]);
  });

  it('uploads once for all who ask at the same time', async () => {
    const { uploader, outbox, stores } = setUp();
    outbox.put(ACCOUNT, [field('a')]);
    await Promise.all([uploader.uploadOnce(), uploader.uploadOnce()]);
    expect(stores).toEqual([['a']]);
    expect([uploader.stored, outbox.size]).toEqual([1, 0]);
  });
});

describe('the loop of the uploader', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('goes on after errors and lost connections, with growing pauses, until the signal', async () => {
    const { uploader, outbox, stores, stored, peer } = setUp((_, attempt) =>
      attempt <= 2 ? new StanzaError('internal-server-error') : undefined,
    );
    const stop = new AbortController();
    peer.disconnect();
    outbox.put(ACCOUNT, [field('a')]);
    const loop = uploader.run(stop.signal);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(stores).toEqual([]);
    peer.connect();
    await vi.advanceTimersByTimeAsync(100_000);
    expect(stores).toEqual([['a'], ['a'], ['a']]);
    outbox.put(ACCOUNT, [field('b')]);
    await vi.advanceTimersByTimeAsync(600);
    expect(stored).toEqual(['a', 'b']);
    stop.abort();
    await loop;
    outbox.put(ACCOUNT, [field('c')]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(stored).toEqual(['a', 'b']);
  });

  it('stops while it waits for an answer, and keeps what it had sent', async () => {
    const cut: { now?: () => void } = {};
    const { uploader, outbox, history, stores } = setUp(() => {
      cut.now?.();
      return undefined;
    });
    // It has the request, and its answer never comes.
    cut.now = () => history.disconnect();
    outbox.put(ACCOUNT, [field('a')]);
    const stop = new AbortController();
    const loop = uploader.run(stop.signal);
    await vi.advanceTimersByTimeAsync(100);
    expect(stores.length).toBe(1);
    stop.abort(new Error('the gateway stops'));
    await loop;
    expect(outbox.size).toBe(1);
  });

  it('is one, however often it is started', async () => {
    const { uploader, outbox, stores } = setUp();
    const stop = new AbortController();
    const loops = [uploader.run(stop.signal), uploader.run(stop.signal)];
    for (let i = 0; i < 5; i++) {
      outbox.put(ACCOUNT, [field(`f${i}`)]);
      await vi.advanceTimersByTimeAsync(1000);
    }
    stop.abort();
    await Promise.all(loops);
    expect(stores).toEqual([['f0'], ['f1'], ['f2'], ['f3'], ['f4']]);
    expect([uploader.stored, outbox.size]).toEqual([5, 0]);
  });

  it('goes on at once when it is woken, as when the connection is back', async () => {
    let isDown = true;
    const { uploader, outbox } = setUp(() => (isDown ? new StanzaError('service-unavailable') : undefined));
    outbox.put(ACCOUNT, [field('a')]);
    const stop = new AbortController();
    vi.useFakeTimers();
    try {
      const running = uploader.run(stop.signal);
      // After a dozen failures it waits for half a minute at least.
      for (let i = 0; i < 12; i++) await vi.advanceTimersByTimeAsync(60_000);
      isDown = false;
      uploader.wake();
      await vi.advanceTimersByTimeAsync(1);
      expect([uploader.stored, outbox.size]).toEqual([1, 0]);
      stop.abort();
      await running;
    } finally {
      vi.useRealTimers();
    }
  });
});
