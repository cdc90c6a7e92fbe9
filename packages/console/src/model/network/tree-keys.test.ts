import { describe, expect, it } from 'vitest';
import { gateway, NCAP_ID, TIM_ID } from './network.fixture.ts';
import { treeAction } from './tree-keys.ts';
import { rowKey, treeRows } from './tree-rows.ts';

const TIM = rowKey([NCAP_ID, TIM_ID]);
const rows = treeRows([gateway()], { opened: new Map([[TIM, true]]), filter: '' });
const [ncap, , temperature, valve, directIo, legacy] = rows.map(({ key }) => key);

/** In short: where the focus goes, what is opened or closed, what is selected. */
function does(focused: string | undefined, key: string): string | undefined {
  const action = treeAction(rows, focused, key);
  if (action?.kind === 'toggle') return `${action.isOpen ? 'open' : 'close'} ${action.rows.map((row) => row.key)}`;
  return action?.kind === 'select' ? `select ${action.row.key}` : action?.key;
}

describe('treeAction', () => {
  it('goes up and down, and stays at the ends', () => {
    expect(does(ncap, 'ArrowDown')).toBe(TIM);
    expect(does(TIM, 'ArrowUp')).toBe(ncap);
    expect(does(ncap, 'ArrowUp')).toBeUndefined();
    expect(does(legacy, 'ArrowDown')).toBeUndefined();
    expect(does(valve, 'Home')).toBe(ncap);
    expect(does(ncap, 'End')).toBe(legacy);
  });

  it('opens, and goes inside; closes, and goes outside', () => {
    expect(does(legacy, 'ArrowRight')).toBe(`open ${legacy}`);
    expect(does(TIM, 'ArrowRight')).toBe(temperature);
    expect(does(temperature, 'ArrowRight')).toBeUndefined();
    expect(does(TIM, 'ArrowLeft')).toBe(`close ${TIM}`);
    expect(does(valve, 'ArrowLeft')).toBe(TIM);
    expect(does(directIo, 'ArrowLeft')).toBe(ncap);
  });

  it('selects, opens all siblings, and goes to a name', () => {
    expect(does(valve, 'Enter')).toBe(`select ${valve}`);
    expect(does(valve, ' ')).toBe(`select ${valve}`);
    expect(does(TIM, '*')).toBe(`open ${directIo},${legacy}`);
    expect(does(ncap, 'g')).toBe(valve);
    expect(does(legacy, 'p')).toBe(ncap);
    expect(does(ncap, 'x')).toBeUndefined();
    expect(does(ncap, 'Shift')).toBeUndefined();
  });

  it('begins at the top when nothing has the focus', () => {
    expect(does(undefined, 'ArrowDown')).toBe(TIM);
    expect(treeAction([], undefined, 'ArrowDown')).toBeUndefined();
  });
});
