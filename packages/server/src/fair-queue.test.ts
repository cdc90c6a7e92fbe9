import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairQueue } from './fair-queue.ts';
import { LoopTurns } from './loop-turns.ts';

const LIMITS = { turns: new LoopTurns(), maxRunning: 2, maxWaiting: () => 10, maxInAll: 25 };

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
    expect([taken('a'), taken('b'), taken('c')]).toEqual([12, 12, 7]);
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
