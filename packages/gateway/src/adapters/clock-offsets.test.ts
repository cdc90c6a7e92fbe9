import { xml } from '@thingward/xml';
import { ENTITY_TIME, encodeEntityTime, Jid, StanzaError } from '@thingward/xmpp';
import { expect, it } from 'vitest';
import { MemoryNetwork } from '../../test/memory-network.ts';
import { ClockOffsets } from './clock-offsets.ts';

const NOON = Date.parse('2026-01-02T12:00:00Z');
const MASTER = Jid.parse('scada@example.org/1');

function stage(ahead: number) {
  const network = new MemoryNetwork();
  const [egress, master] = [network.join('plant@example.org/1'), network.join(MASTER.toString())];
  const clock = { now: NOON };
  let asked = 0;
  master.onIq('get', { name: 'time', namespace: ENTITY_TIME }, () => {
    asked++;
    return encodeEntityTime({ utc: new Date(clock.now + ahead), offsetMinutes: 0 });
  });
  return { clock, master, offsets: new ClockOffsets(egress, () => clock.now), asked: () => asked };
}

it.each([0, 3_600_000, -86_400_000])('knows when a time is over by a clock that is %i ms ahead', async (ahead) => {
  const { clock, offsets, asked } = stage(ahead);
  const expires = new Date(NOON + ahead + 2000);
  expect(await offsets.isOver(expires, MASTER, 1000)).toBe(false);
  clock.now += 2001;
  expect(await offsets.isOver(expires, MASTER, 1000)).toBe(true);
  expect(asked()).toBe(1);
});

it('asks again after a while, and when the own clock was set back', async () => {
  const { clock, offsets, asked } = stage(5000);
  await offsets.isOver(new Date(NOON), MASTER, 1000);
  clock.now += 600_000;
  await offsets.isOver(new Date(NOON), MASTER, 1000);
  clock.now -= 1_000_000;
  await offsets.isOver(new Date(NOON), MASTER, 1000);
  expect(asked()).toBe(3);
});

it('fails when the other does not say what time it is', async () => {
  const network = new MemoryNetwork();
  const [egress, master] = [network.join('plant@example.org/1'), network.join(MASTER.toString())];
  const offsets = new ClockOffsets(egress, () => NOON);
  await expect(offsets.isOver(new Date(NOON), MASTER, 1000)).rejects.toBeInstanceOf(StanzaError);
  master.onIq('get', { name: 'time', namespace: ENTITY_TIME }, () => xml('time', { xmlns: ENTITY_TIME }));
  await expect(offsets.isOver(new Date(NOON), MASTER, 1000)).rejects.toMatchObject({ condition: 'bad-request' });
});
