import type { Field, FieldValue } from '@thingward/things';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory, temporaryState } from '../../test/state.ts';
import { Outbox } from './outbox.ts';

const A = 'a@example.org';
const B = 'b@example.org';

function field(name: string, value: FieldValue = { type: 'int', value: 1 }, timestamp = new Date(1000)): Field {
  return { name, value, types: ['momentary'], qos: ['automaticReadout'], timestamp };
}
const fields = (count: number, prefix = 'f') => Array.from({ length: count }, (_, i) => field(`${prefix}${i}`));
const names = (batch: { fields: readonly Field[] }) => batch.fields.map(({ name }) => name);

describe('Outbox', () => {
  it('gives readings back in order, in batches, until they are removed', () => {
    const outbox = new Outbox(temporaryState(), 100);
    for (const name of ['one', 'two', 'three']) outbox.put(A, [field(`${name} 1`), field(`${name} 2`)]);
    const first = outbox.next(A, 5);
    expect(names(first)).toEqual(['one 1', 'one 2', 'two 1', 'two 2']);
    expect(outbox.next(A, 5)).toEqual(first);
    outbox.remove(first);
    expect(names(outbox.next(A, 5))).toEqual(['three 1', 'three 2']);
    expect(outbox.size).toBe(2);
    expect(names(outbox.next(A, 1))).toEqual(['three 1', 'three 2']);
  });

  it('keeps the accounts apart', () => {
    const outbox = new Outbox(temporaryState(), 100);
    outbox.put(A, [field('of a')]);
    outbox.put(B, [field('of b')]);
    outbox.remove(outbox.next(A, 10));
    expect(outbox.next(A, 10)).toEqual({ ids: [], fields: [] });
    expect(names(outbox.next(B, 10))).toEqual(['of b']);
  });

  it('refuses what is over its bound, and counts it', () => {
    const refused: number[] = [];
    const outbox = new Outbox(temporaryState(), 5, (count) => refused.push(count));
    expect(outbox.put(A, fields(3))).toBe(true);
    expect(outbox.put(A, fields(3, 'too many '))).toBe(false);
    expect(outbox.put(A, fields(2, 'fitting '))).toBe(true);
    expect([outbox.size, outbox.refused, refused]).toEqual([5, 3, [3]]);
    expect(names(outbox.next(A, 10))).toEqual(['f0', 'f1', 'f2', 'fitting 0', 'fitting 1']);
    outbox.remove(outbox.next(A, 10));
    expect(outbox.put(A, fields(5))).toBe(true);
  });

  it('counts what it could not write', () => {
    const state = temporaryState();
    const outbox = new Outbox(state, 100);
    state.exec('DROP TABLE reading');
    expect(outbox.put(A, fields(2))).toBe(false);
    expect([outbox.size, outbox.refused]).toEqual([0, 2]);
  });

  it('says why it refused', () => {
    const state = temporaryState();
    const reasons: string[] = [];
    const outbox = new Outbox(state, 1, (_, reason) => reasons.push(reason.message));
    outbox.put(A, fields(2));
    state.exec('DROP TABLE reading');
    outbox.put(A, fields(1));
    expect(reasons).toEqual(['the outbox is full', expect.stringContaining('no such table')]);
  });

  it('finds the readings of an account without looking through those of others', () => {
    const plan = temporaryState()
      .prepare('EXPLAIN QUERY PLAN SELECT id, fields, count FROM reading WHERE account = ? ORDER BY id LIMIT 200')
      .all(A) as { detail: string }[];
    expect(plan.map(({ detail }) => detail)).toEqual([expect.stringContaining('USING INDEX reading_by_account')]);
  });

  it('has everything it took when it is opened again, though it was never closed', () => {
    const directory = temporaryDirectory();
    const before = new Outbox(temporaryState(directory), 100);
    before.put(A, fields(3));
    before.remove(before.next(A, 1));
    before.put(A, [field('last')]);
    const after = new Outbox(temporaryState(directory), 100);
    expect(after.size).toBe(before.size);
    expect(names(after.next(A, 100))).toEqual(['last']);
  });

  it('takes large readings in pieces that can be uploaded, all or none of them', () => {
    const state = temporaryState();
    const outbox = new Outbox(state, 5000);
    expect(outbox.put(A, fields(1500))).toBe(true);
    const first = outbox.next(A, 500);
    expect(first.fields.length).toBe(400);
    const all: string[] = [];
    for (let batch = first; batch.ids.length > 0; batch = outbox.next(A, 500)) {
      expect(batch.fields.length).toBeLessThanOrEqual(500);
      all.push(...names(batch));
      outbox.remove(batch);
    }
    expect(all).toEqual(names({ fields: fields(1500) }));
    expect(outbox.size).toBe(0);
    state.exec(
      "CREATE TRIGGER full BEFORE INSERT ON reading WHEN NEW.count < 200 BEGIN SELECT RAISE(ABORT, 'full'); END",
    );
    expect(outbox.put(A, fields(450))).toBe(false);
    expect(outbox.next(A, 500).ids).toEqual([]);
  });

  it('takes readings of long strings in pieces, too', () => {
    const outbox = new Outbox(temporaryState(), 100);
    const long = Array.from({ length: 20 }, (_, i) => field(`${i}`, { type: 'string', value: 'x'.repeat(4000) }));
    outbox.put(A, long);
    expect(outbox.next(A, 1).fields.length).toBe(7);
    expect(outbox.next(A, 100).fields).toEqual(long);
  });

  it('does not count twice what is removed twice', () => {
    const outbox = new Outbox(temporaryState(), 100);
    outbox.put(A, fields(3));
    outbox.put(A, fields(2));
    const batch = outbox.next(A, 3);
    outbox.remove(batch);
    outbox.remove(batch);
    expect(outbox.size).toBe(2);
  });

  it('keeps batches short in characters, too', () => {
    const outbox = new Outbox(temporaryState(), 100);
    for (let i = 0; i < 3; i++) outbox.put(A, [field(`${i}`, { type: 'string', value: 'x'.repeat(1000) })]);
    expect(names(outbox.next(A, 100, 2500))).toEqual(['0', '1']);
    expect(names(outbox.next(A, 100, 10))).toEqual(['0']);
  });

  it('keeps readings in the order they were taken when the clock jumps back', () => {
    const outbox = new Outbox(temporaryState(), 100);
    for (const ms of [5000, 6000, 2000, 3000]) outbox.put(A, [field('Level', undefined, new Date(ms))]);
    expect(outbox.next(A, 100).fields.map(({ timestamp }) => timestamp.getTime())).toEqual([5000, 6000, 2000, 3000]);
  });

  it('gives back exactly what was put', () => {
    const value: fc.Arbitrary<FieldValue> = fc.oneof(
      fc.record({ type: fc.constant('long' as const), value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) }),
      fc.record({ type: fc.constant('int' as const), value: fc.integer() }),
      fc.record({ type: fc.constant('boolean' as const), value: fc.boolean() }),
      fc.record({ type: fc.constant('string' as const), value: fc.string({ unit: 'grapheme' }) }),
      fc.record({ type: fc.constant('numeric' as const), value: fc.constant('10.00'), unit: fc.string() }),
    );
    const reading = fc.record({
      node: fc.record({ nodeId: fc.string(), sourceId: fc.string() }),
      name: fc.string(),
      value,
      types: fc.constant(['momentary' as const]),
      qos: fc.constant(['automaticReadout' as const]),
      timestamp: fc.date({ noInvalidDate: true }),
      writable: fc.boolean(),
    });
    const outbox = new Outbox(temporaryState(), 1000);
    fc.assert(
      fc.property(fc.array(reading, { minLength: 1, maxLength: 5 }), (put) => {
        expect(outbox.put(A, put)).toBe(true);
        const batch = outbox.next(A, 100);
        expect(batch.fields).toEqual(put);
        outbox.remove(batch);
      }),
      { numRuns: 50 },
    );
  });
});
