import { isXmlText } from '@thingward/xml';
import fc from 'fast-check';
import { decodeTeds } from '../src/index.ts';
import { CHANNEL_KINDS, OPERATIONS, THING_SERVICES } from '../src/mcap/index.ts';
import { TEDS_OCTETS } from './arbitrary-teds.ts';

const text = fc.string({ unit: 'binary', maxLength: 12 }).filter(isXmlText);

const uuid = fc.uuid();
const time = fc.date({
  min: new Date('0001-01-01T00:00:00Z'),
  max: new Date('9999-12-31T00:00:00Z'),
  noInvalidDate: true,
});
const number = fc.double();
const channel = fc.integer({ min: 1, max: 0xffff });
const node = fc.record({ nodeId: text, sourceId: text, cacheType: text }, { requiredKeys: ['nodeId'] });
const sample = fc.oneof(
  number,
  fc.uint8Array({ maxLength: 6 }).map((octets) => Buffer.from(octets).toString('hex')),
);
const samples = fc.array(sample, { maxLength: 4 });
const address = { ncap: uuid, tim: uuid, channel };
const ADDRESS = ['ncap', 'tim', 'channel'] as const;

const presence = { isPresent: fc.boolean(), since: time };

const tim = fc.record(
  {
    id: uuid,
    name: text,
    node,
    ...presence,
    channels: fc.array(fc.record({ number: channel, name: text, kind: fc.constantFrom(...CHANNEL_KINDS), node }), {
      maxLength: 3,
    }),
  },
  { requiredKeys: ['id', 'name', 'node', 'isPresent', 'channels'] },
);

const thing = fc.record(
  { service: fc.constantFrom(...THING_SERVICES), protocol: text, name: text, node },
  { requiredKeys: ['service'] },
);

export const NCAP = fc.record(
  {
    id: uuid,
    name: text,
    jid: text,
    protocol: text,
    ...presence,
    tims: fc.array(tim, { maxLength: 3 }),
    things: fc.array(thing, { maxLength: 3 }),
  },
  { requiredKeys: ['id', 'name', 'isPresent', 'tims', 'things'] },
);

export const DISCOVER = fc.record({ ncap: uuid, tim: uuid }, { requiredKeys: [] });
export const ANNOUNCEMENT = fc.record({ ncap: NCAP, lease: fc.integer({ min: 1, max: 86_400 }) });
export const TREE_CHANGE = fc.record(
  { kind: fc.constantFrom('joined' as const, 'left' as const), ncap: NCAP, reason: text },
  { requiredKeys: ['kind', 'ncap'] },
);

const originator = text.filter((jid) => jid !== '');
export const REQUEST = fc.record({ ...address, originator }, { requiredKeys: [...ADDRESS] });
export const WRITE = fc.record({ ...address, originator, samples }, { requiredKeys: [...ADDRESS, 'samples'] });
export const STREAM = fc.record(
  { ...address, originator, interval: fc.integer({ min: 1, max: 86_400_000 }) },
  { requiredKeys: [...ADDRESS, 'interval'] },
);
export const STREAMING = fc.record({ id: text, until: time });
export const HISTORY = fc.record({ ...address, originator, from: time, to: time }, { requiredKeys: [...ADDRESS] });
export const READING = fc.record(
  { ...address, time, unit: text, samples, stream: text },
  { requiredKeys: [...ADDRESS, 'time', 'samples'] },
);
export const READINGS = fc.record({
  ...address,
  readings: fc.array(fc.record({ time, unit: text, samples }, { requiredKeys: ['time', 'samples'] }), { maxLength: 3 }),
});
export const INTERFACE = fc.record(
  {
    ncap: uuid,
    tim: uuid,
    channel: fc.integer({ min: 0, max: 0xffff }),
    kind: fc.constantFrom(...CHANNEL_KINDS),
    name: text,
    unit: text,
    min: number,
    max: number,
    uncertainty: number,
    operations: fc.subarray([...OPERATIONS]),
    teds: fc.array(
      TEDS_OCTETS.map((octets) => decodeTeds(octets)),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: ['ncap', 'tim', 'operations', 'teds'] },
);

export const STOP = fc.record({ stream: text, reason: text }, { requiredKeys: ['stream'] });
export const READERS = fc.record(
  { ncap: uuid, node, readers: fc.array(text, { maxLength: 3 }) },
  { requiredKeys: ['ncap', 'readers'] },
);
