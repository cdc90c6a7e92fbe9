import type { NcapResource } from '@thingward/ieee1451/mcap';
import { describe, expect, it } from 'vitest';
import { parseSample } from './commands/browse.ts';
import { addressOf, findResource } from './resource-path.ts';
import { filteredTree, treeText } from './resource-tree.ts';

const NCAP = '11111111-1111-4111-8111-111111111111';
const TIM = '22222222-2222-4222-8222-222222222222';
const BOILER: NcapResource = {
  id: NCAP,
  name: 'Boiler room',
  jid: 'gateway@example.org',
  isPresent: true,
  tims: [
    {
      id: TIM,
      name: 'Boiler',
      node: { nodeId: 'boiler' },
      isPresent: false,
      since: new Date('2026-05-01T12:00:00Z'),
      channels: [
        { number: 1, name: 'Water temperature', kind: 'sensor', node: { nodeId: 'boiler/1' } },
        { number: 12, name: 'Gas valve', kind: 'actuator', node: { nodeId: 'boiler/12' } },
      ],
    },
  ],
  things: [
    { service: 'direct-io', name: 'This machine' },
    { service: 'legacy-adapter', protocol: 'modbus', name: 'PLC', node: { nodeId: 'plc' } },
  ],
};

describe('the tree', () => {
  it('has a line for each resource', () => {
    expect(treeText([BOILER])).toBe(
      [
        `Boiler room  NCAP ${NCAP}  gateway@example.org`,
        `  Boiler  TIM ${TIM}  (gone since 2026-05-01T12:00:00.000Z)`,
        '    1   Water temperature  sensor    #boiler/1',
        '    12  Gas valve          actuator  #boiler/12',
        '  This machine  direct-io',
        '  PLC           legacy-adapter (modbus)  #plc',
        '',
      ].join('\n'),
    );
  });

  it('can be filtered', () => {
    expect(filteredTree([BOILER], { kind: 'actuator' })).toMatchObject([
      { tims: [{ channels: [{ number: 12 }] }], things: [] },
    ]);
    expect(filteredTree([BOILER], { kind: 'event-sensor' })).toEqual([]);
    expect(filteredTree([BOILER], { present: true })).toMatchObject([{ tims: [], things: [{}, {}] }]);
    expect(filteredTree([{ ...BOILER, isPresent: false }], { present: true })).toEqual([]);
  });
});

describe('paths', () => {
  it.each([
    ['Boiler room/Boiler/1', { ncap: NCAP, tim: TIM, channel: 1 }],
    ['boiler room/BOILER/gas valve', { ncap: NCAP, tim: TIM, channel: 12 }],
    [`${NCAP}/2222/12`, { ncap: NCAP, tim: TIM, channel: 12 }],
    ['Boiler room/Boiler', { ncap: NCAP, tim: TIM }],
  ])('%s', (path, address) => {
    expect(addressOf(findResource([BOILER], path))).toEqual(address);
  });

  it.each([
    ['Cellar', 'there is no NCAP "Cellar": there are Boiler room (1111'],
    ['Boiler room/Boiler/2', 'there is no channel of Boiler "2": there are Water temperature (1), Gas valve (12)'],
    ['Boiler room', 'as in "Boiler room/Boiler/1"'],
    ['a/b/c/d', 'NCAP/TIM/CHANNEL'],
  ])('%s is none', (path, message) => {
    expect(() => addressOf(findResource([BOILER], path))).toThrow(message);
  });

  it('that mean several things are refused', () => {
    const twin = { ...BOILER, id: TIM };
    expect(() => findResource([BOILER, twin], 'Boiler room')).toThrow('is more than one NCAP');
    expect(findResource([BOILER, twin], TIM).ncap.id).toBe(TIM);
  });
});

it('samples are numbers or octets', () => {
  expect(['0.5', '-1e3', '0x00FF'].map(parseSample)).toEqual([0.5, -1000, '00ff']);
  for (const text of ['', 'open', '0x1', '12V']) expect(() => parseSample(text)).toThrow('--write needs numbers');
});
