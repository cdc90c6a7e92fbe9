import { signal } from '@preact/signals-core';
import type { EventLogQuery, StoredEvent } from '@thingward/things';
import { Jid, PeerError, StanzaError } from '@thingward/xmpp';
import { expect, it, onTestFinished, vi } from 'vitest';
import { TestConnection } from './connection.fixture.ts';
import { EventFeed, MAX_EVENTS } from './event-feed.ts';

const stored = (sequence: number, message = `event ${sequence}`): StoredEvent => ({
  sequence: String(sequence),
  sender: Jid.parse('plant@example.org'),
  received: new Date(),
  event: { timestamp: new Date(), type: 'Warning', level: 'Medium', message, tags: [] },
});

function stage(onEvents: (query: EventLogQuery) => readonly StoredEvent[]) {
  const connection = new TestConnection();
  connection.onEvents = async (query) => onEvents(query);
  const [isOnline, isVisible] = [signal(true), signal(true)];
  const feed = new EventFeed({ connection, isOnline, isVisible, roundMs: 5 });
  onTestFinished(feed.watch());
  const shown = () => feed.events.value.map(({ event }) => event.message);
  return { feed, isOnline, isVisible, shown };
}

it('shows the last that happened, then what comes, the latest first', async () => {
  const log = [stored(1), stored(2)];
  const { feed, shown } = stage(({ part }) =>
    part?.after === undefined ? log : log.filter(({ sequence }) => Number(sequence) > Number(part.after)),
  );
  await vi.waitFor(() => expect(shown()).toEqual(['event 2', 'event 1']));
  expect(feed.state.value).toEqual({ kind: 'loaded' });
  log.push(stored(3), stored(4));
  await vi.waitFor(() => expect(shown()).toEqual(['event 4', 'event 3', 'event 2', 'event 1']));
});

it('keeps no more than it shows', async () => {
  let next = 0;
  const { shown } = stage(() => Array.from({ length: 150 }, () => stored(++next)));
  await vi.waitFor(() => expect(next).toBeGreaterThan(600));
  expect(shown()).toHaveLength(MAX_EVENTS);
  expect(shown()[0]).toBe(`event ${next}`);
});

it('asks nobody while it is not seen or not connected', async () => {
  let asked = 0;
  const { isOnline, isVisible } = stage(() => {
    asked++;
    return [];
  });
  await vi.waitFor(() => expect(asked).toBeGreaterThan(1));
  isVisible.value = false;
  await new Promise((resolve) => setTimeout(resolve, 20));
  const before = asked;
  await new Promise((resolve) => setTimeout(resolve, 40));
  expect(asked).toBe(before);
  isOnline.value = false;
  isVisible.value = true;
  await new Promise((resolve) => setTimeout(resolve, 40));
  expect(asked).toBe(before);
  isOnline.value = true;
  await vi.waitFor(() => expect(asked).toBeGreaterThan(before));
});

it('begins anew with another choice', async () => {
  const types: unknown[] = [];
  const { feed, shown } = stage(({ leastType, part }) => {
    types.push(leastType);
    return part?.after === undefined ? [stored(1, leastType ?? 'all')] : [];
  });
  await vi.waitFor(() => expect(shown()).toEqual(['all']));
  feed.choose('Error');
  expect(shown()).toEqual([]);
  await vi.waitFor(() => expect(shown()).toEqual(['Error']));
});

it('says that there is no log for us, and ends asking', async () => {
  let asked = 0;
  const { feed } = stage(() => {
    asked++;
    throw new StanzaError('forbidden', 'the log is not for you');
  });
  await vi.waitFor(() => expect(feed.state.value.kind).toBe('absent'));
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(asked).toBe(1);
});

it('keeps what it has when something goes wrong later', async () => {
  let error: Error | undefined;
  const { feed, shown } = stage(({ part }) => {
    if (error) throw error;
    return part?.after === undefined ? [stored(1)] : [];
  });
  await vi.waitFor(() => expect(shown()).toEqual(['event 1']));
  error = new StanzaError('remote-server-timeout', 'no answer');
  await vi.waitFor(() => expect(feed.state.value).toMatchObject({ kind: 'loaded', problem: expect.any(String) }));
  error = undefined;
  await vi.waitFor(() => expect(feed.state.value).toEqual({ kind: 'loaded' }));
  // The banner says that the connection is lost.
  error = new PeerError('connection-lost', 'cut');
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(feed.state.value).toEqual({ kind: 'loaded' });
  expect(shown()).toEqual(['event 1']);
});
