import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatItemId, MAX_ITEM_NUMBER, newEpoch, nextItemNumber, parseItemId } from './item-number.ts';

describe('the number of an item', () => {
  it('comes back from its id', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: MAX_ITEM_NUMBER }), (number) => {
        const item = { epoch: newEpoch(), number };
        expect(parseItemId(formatItemId(item))).toEqual(item);
      }),
    );
  });

  it.each([
    '',
    'current',
    'abcdefgh.0',
    'abcdefgh.01',
    'abcdefgh.2147483648',
    'ABCDEFGH.1',
    'abc.1',
    'abcdefgh.1.2',
    ' abcdefgh.1',
  ])('is not in the id "%s"', (id) => {
    expect(parseItemId(id)).toBeUndefined();
  });

  it('is read from no other text than the one it is written as', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-z]{7,17}\.\d{1,11}$/)), (id) => {
        const number = parseItemId(id);
        if (number) expect(formatItemId(number)).toBe(id);
      }),
    );
  });

  it('begins a new epoch when all are used up', () => {
    expect(nextItemNumber({ epoch: 'abcdefgh', number: 1 })).toEqual({ epoch: 'abcdefgh', number: 2 });
    const next = nextItemNumber({ epoch: 'abcdefgh', number: MAX_ITEM_NUMBER });
    expect(next.number).toBe(1);
    expect(next.epoch).not.toBe('abcdefgh');
  });
});
