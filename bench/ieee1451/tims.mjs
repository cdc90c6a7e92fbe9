/* Simulated TIMs in one process, each with a connection of its own to an NCAP. Arguments: port, how many, from which number on, channels of each. */
import { encodeSamples, encodeTeds, tedsFromJson } from '@thingward/ieee1451';
import { Tim, TimDialler } from '@thingward/ieee1451/tim';

const [port, count, first, channels] = process.argv.slice(2).map(Number);
const FLOAT = { dataModel: 'float32', octets: 4 };

const teds = (name, fields) => encodeTeds(tedsFromJson({ teds: name, member: 0xff, version: 2, fields }));
const named = (name) =>
  teds('transducer-name', [
    { name: 'format', value: 'text' },
    { name: 'content', value: name },
  ]);
const CHANNEL = teds('transducer-channel', [
  { name: 'calibrationKey', value: 'none' },
  { name: 'channelType', value: 'sensor' },
  { name: 'physicalUnits', units: 'K' },
  { name: 'worstCaseUncertainty', value: 0.1 },
  {
    name: 'sample',
    fields: [
      { name: 'dataModel', value: 'float32' },
      { name: 'modelLength', value: 4 },
    ],
  },
]);
const CHANNELS = Array.from({ length: channels }, (_, i) => ({
  teds: new Map([
    [3, CHANNEL],
    [12, named(`Temperature ${i + 1}`)],
  ]),
  kind: 'sensor',
  maximumRepetitions: 0,
  samplingPeriod: 0,
  sample: (at) => encodeSamples([293.15 + Math.sin(at + i)], FLOAT),
}));

for (let number = first; number < first + count; number++) {
  const uuid = `7468696e-6777-6172-6401-${number.toString(16).padStart(12, '0')}`;
  const meta = teds('meta', [
    { name: 'uuid', value: uuid },
    { name: 'operationalTimeout', value: 1 },
    { name: 'channels', value: channels },
  ]);
  const own = new Map([
    [1, meta],
    [12, named(`TIM ${number}`)],
  ]);
  const tim = new Tim({ teds: own, channels: CHANNELS, clock: () => performance.now() / 1000 });
  await new TimDialler({ tim, host: '127.0.0.1', port, over: 'tcp' }).start();
}
process.on('disconnect', () => process.exit(0));
