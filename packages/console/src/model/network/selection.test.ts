import { describe, expect, it } from 'vitest';
import { gateway, NCAP_ID, TIM_ID } from './network.fixture.ts';
import { keysAbove, selectionOf } from './selection.ts';
import { rowKey, treeRows } from './tree-rows.ts';

const NCAPS = [gateway()];

describe('selectionOf', () => {
  it('finds what each row of the tree stands for, once what is above is open', () => {
    const opened = new Map(treeRows(NCAPS, { opened: new Map(), filter: '' }).map(({ key }) => [key, true]));
    const rows = treeRows(NCAPS, { opened, filter: '' });
    const kinds = rows.map(({ path }) => selectionOf(NCAPS, path)?.kind);
    expect(kinds).toEqual(['ncap', 'tim', 'channel', 'channel', undefined, 'thing', undefined, 'thing']);
    const shown = new Set(rows.map(({ key }) => key));
    for (const { path } of rows) {
      const selection = selectionOf(NCAPS, path);
      if (selection) expect(keysAbove(selection).every((key) => shown.has(key))).toBe(true);
    }
  });

  it('opens just what is above', () => {
    const selection = selectionOf(NCAPS, [NCAP_ID, TIM_ID, '3']);
    expect(selection && keysAbove(selection)).toEqual([rowKey([NCAP_ID]), rowKey([NCAP_ID, TIM_ID])]);
  });

  it.each([[[]], [['x']], [[NCAP_ID, 'x']], [[NCAP_ID, TIM_ID, '9']], [[NCAP_ID, 'thing', 'x']]])(
    'finds nothing at %j',
    (path) => {
      expect(selectionOf(NCAPS, path)).toBeUndefined();
    },
  );
});
