import { describe, expect, it } from 'vitest';
import { gateway, NCAP_ID, TIM_ID } from './network.fixture.ts';
import { rowKey, type TreeRow, treeRows } from './tree-rows.ts';

const NCAPS = [
  gateway(),
  gateway({ id: TIM_ID, name: 'Depot', jid: 'depot@localhost', isPresent: false, tims: [], things: [] }),
];
const NOTHING = { opened: new Map(), filter: '' };

function shown(rows: readonly TreeRow[]): string[] {
  return rows.map(({ level, isExpanded, name, place, siblings }) => {
    const sign = isExpanded === undefined ? '·' : isExpanded ? '-' : '+';
    return `${'  '.repeat(level - 1)}${sign} ${name} ${place}/${siblings}`;
  });
}

describe('treeRows', () => {
  it('shows NCAPs with their TIMs and other services', () => {
    expect(shown(treeRows(NCAPS, NOTHING))).toEqual([
      '- Plant 1/2',
      '  + Boiler 1/3',
      '  + Direct I/O 2/3',
      '  + Legacy adapters 3/3',
      '· Depot 2/2',
    ]);
  });

  it('shows what is below, and hides it again', () => {
    const opened = new Map([
      [rowKey([NCAP_ID, TIM_ID]), true],
      [rowKey([NCAP_ID, 'service', 'legacy-adapter']), true],
    ]);
    const rows = treeRows(NCAPS, { opened, filter: '' });
    expect(shown(rows).slice(1, 6)).toEqual([
      '  - Boiler 1/3',
      '    · Water temperature 1/2',
      '    · Gas valve 2/2',
      '  + Direct I/O 2/3',
      '  - Legacy adapters 3/3',
    ]);
    expect(rows[6]).toMatchObject({ kind: 'thing', name: 'Tank', detail: 'modbus', path: [NCAP_ID, 'thing', 'tank'] });
    expect(shown(treeRows(NCAPS, { opened: new Map([[NCAP_ID, false]]), filter: '' }))).toHaveLength(2);
  });

  it('finds by all words, in what it is in as well, and opens what it found', () => {
    const find = (filter: string) => shown(treeRows(NCAPS, { opened: new Map(), filter }));
    expect(find('boiler valve')).toEqual(['- Plant 1/1', '  - Boiler 1/1', '    · Gas valve 1/1']);
    expect(find('MODBUS')).toEqual(['- Plant 1/1', '  - Legacy adapters 1/1', '    · Tank 1/1']);
    expect(find('plant')).toHaveLength(8);
    expect(find('nothing of the kind')).toEqual([]);
  });

  it('takes all below an NCAP that is away for away', () => {
    const rows = treeRows([gateway({ isPresent: false })], {
      opened: new Map([[rowKey([NCAP_ID, TIM_ID]), true]]),
      filter: '',
    });
    expect(rows.every(({ isAway }) => isAway)).toBe(true);
    expect(rows.map(({ presence }) => presence?.isPresent)).toEqual([
      false,
      true,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
