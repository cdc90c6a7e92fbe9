import { parseElement } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeEnable,
  decodeEnabled,
  enableRequest,
  encodeEnabled,
  encodeManagementFailure,
  encodeResumed,
  handledCount,
  nextCount,
  resumeRequest,
  STREAM_MANAGEMENT,
  UnacknowledgedQueue,
} from './stream-management.ts';

describe('UnacknowledgedQueue', () => {
  it('gives back what was handled, in order, and keeps the rest', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constant('push' as const), fc.nat(5)), { maxLength: 400 }), (steps) => {
        const queue = new UnacknowledgedQueue<number>();
        const model: number[] = [];
        let sent = 0;
        let acknowledged = 0;
        for (const step of steps) {
          if (step === 'push') {
            queue.push(sent);
            model.push(sent++);
          } else if (step > model.length) {
            expect(() => queue.acknowledge(acknowledged + step)).toThrow('were acknowledged');
          } else {
            acknowledged += step;
            expect(queue.acknowledge(acknowledged)).toEqual(model.splice(0, step));
          }
          expect([...queue]).toEqual(model);
          expect(queue.sentCount).toBe(sent);
        }
      }),
    );
  });

  it('an acknowledgement that goes back is one of more than were sent', () => {
    const queue = new UnacknowledgedQueue<string>();
    queue.push('a');
    queue.acknowledge(1);
    expect(() => queue.acknowledge(0)).toThrow('0 stanzas were acknowledged, but 1 were sent');
  });

  it('counts modulo 2^32', () => {
    expect(nextCount(2 ** 32 - 1)).toBe(0);
    expect(nextCount(7)).toBe(8);
  });
});

describe('elements of XEP-0198', () => {
  it('are read as they are written', () => {
    expect(decodeEnable(enableRequest({ resume: true, maxSeconds: 60 }))).toEqual({ resume: true, maxSeconds: 60 });
    expect(decodeEnable(enableRequest({ resume: false }))).toEqual({ resume: false, maxSeconds: undefined });
    expect(decodeEnabled(encodeEnabled({ id: 'x', maxSeconds: 5 }))).toEqual({ id: 'x', maxSeconds: 5 });
    expect(decodeEnabled(encodeEnabled({}))).toEqual({ id: undefined, maxSeconds: undefined });
    expect(handledCount(resumeRequest('x', 9))).toBe(9);
    expect(handledCount(encodeResumed('x', 4294967295))).toBe(4294967295);
    expect(encodeManagementFailure('item-not-found', 3).attribute('h')).toBe('3');
  });

  it.each(['', 'x', '-1', '1.5', '4294967296', '99999999999', ' 1'])('h=%j is no count', (h) => {
    expect(() => handledCount(parseElement(`<a xmlns='${STREAM_MANAGEMENT}' h='${h}'/>`))).toThrow('no count');
  });

  it('an id without permission to resume is of no use', () => {
    expect(decodeEnabled(parseElement(`<enabled xmlns='${STREAM_MANAGEMENT}' id='x'/>`)).id).toBeUndefined();
  });
});
