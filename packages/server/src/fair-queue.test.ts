import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairQueue } from './fair-queue.ts';
import { LoopTurns } from './loop-turns.ts';

const OF_GROUPS = { maxRunningOfGroup: 3, maxWaitingOfGroup: 12, maxRunningInAll: 6 };
const LIMITS = { turns: new LoopTurns(), maxRunning: 2, maxWaiting: () => 10, maxInAll: 25, ...OF_GROUPS };

/** A queue whose work ends when it is told to. */
function held() {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const run = (item: string) => {
    begun.push(item);
    return new Promise<void>((resolve) => ends.push(resolve));
  };
  return { queue: new FairQueue<string>({ ...LIMITS, run }), begun, ends };
}

describe('FairQueue', () => {
  it('does so many of one sender at a time, and those of others beside', () => {
    const { queue, begun } = held();
    for (const item of ['a1', 'a2', 'a3', 'b1']) expect(queue.add(item[0] as string, item)).toBe(true);
    expect(begun).toEqual(['a1', 'a2', 'b1']);
    expect(queue.length).toBe(1);
  });

  it('takes no more than its bounds, of one sender and of all', () => {
    const { queue } = held();
    const taken = (sender: string) =>
      Array.from({ length: 20 }, (_, i) => queue.add(sender, `${i}`)).filter(Boolean).length;
    // Two of each are under way.
    expect([taken('a'), taken('b'), taken('c')]).toEqual([12, 12, 7]);
  });

  it('has no more under way than its bound, and goes on when there is room', async () => {
    const { queue, begun, ends } = held();
    for (const sender of ['a', 'b', 'c', 'd']) {
      for (const number of [1, 2, 3]) queue.add(sender, `${sender}${number}`);
    }
    expect(begun).toEqual(['a1', 'a2', 'b1', 'b2', 'c1', 'c2']);
    const [first, ...others] = ends.splice(0);
    first?.();
    await nextTurn();
    expect(begun.slice(6)).toEqual(['d1']);
    for (const end of others) end();
    await nextTurn();
    // Of one sender no more than two are.
    expect(begun.slice(7).sort()).toEqual(['a3', 'b3', 'c3', 'd2']);
  });

  it('gives a group no more than one that is alone, however many senders it has', () => {
    const { queue, begun, ends } = held();
    const taken = Array.from({ length: 50 }, (_, i) => queue.add(`${i}@evil`, `evil ${i}`, 'evil')).filter(Boolean);
    expect(begun).toEqual(['evil 0', 'evil 1', 'evil 2']);
    expect(taken).toHaveLength(3 + 12);
    expect(queue.add('romeo', 'romeo 1')).toBe(true);
    expect(begun.at(-1)).toBe('romeo 1');
    expect(ends).toHaveLength(4);
  });

  it('takes turns between groups, and between the senders of each', async () => {
    const begun: string[] = [];
    const gate: { open: () => void } = { open: () => undefined };
    const run = (item: string) => {
      begun.push(item);
      return item === 'first' ? new Promise<void>((resolve) => (gate.open = resolve)) : undefined;
    };
    const queue = new FairQueue<string>({ ...LIMITS, maxRunningInAll: 1, run });
    queue.add('x', 'first');
    for (const name of ['1', '2']) {
      for (const number of [1, 2]) queue.add(`${name}@evil`, `evil ${name} ${number}`, 'evil');
    }
    for (const number of [1, 2]) queue.add('romeo', `romeo ${number}`);
    gate.open();
    await nextTurn();
    expect(begun.slice(1)).toEqual(['evil 1 1', 'romeo 1', 'evil 2 1', 'romeo 2', 'evil 1 2', 'evil 2 2']);
  });

  it('does everything, in the order of each sender, and forgets who has nothing more', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.boolean()), { maxLength: 25 }),
        async (items) => {
          const done: string[] = [];
          const run = (item: string): void | Promise<void> => {
            done.push(item);
            if (item.endsWith('true')) return nextTurn().then(() => undefined);
          };
          const queue = new FairQueue<string>({ ...LIMITS, maxWaiting: () => 25, run });
          for (const [i, [sender, isSlow]] of items.entries()) queue.add(sender, `${sender} ${i} ${isSlow}`);
          for (let turns = 0; queue.senderCount > 0; turns++) {
            expect(turns).toBeLessThan(1000);
            await nextTurn();
          }
          expect(done).toHaveLength(items.length);
          for (const sender of ['a', 'b', 'c']) {
            const numbers = done.filter((item) => item.startsWith(sender)).map((item) => Number(item.split(' ')[1]));
            expect(numbers).toEqual([...numbers].sort((x, y) => x - y));
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});
