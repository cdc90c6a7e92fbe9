import { parseElement } from '@thingward/xml';
import { describe, expect, it } from 'vitest';
import { DELAY, decodeDelay, encodeDelay } from './delay.ts';
import { Jid } from './jid.ts';

describe('XEP-0203 Delayed Delivery', () => {
  it.each([
    `<delay xmlns='${DELAY}' from='capulet.com' stamp='2002-09-10T23:08:25Z'>Offline Storage</delay>`,
    `<delay xmlns='${DELAY}' from='coven@macbeth.shakespeare.lit' stamp='2002-09-10T23:05:37Z'/>`,
    `<delay xmlns='${DELAY}' from='juliet@capulet.com/balcony' stamp='2002-09-10T23:41:07Z'/>`,
  ])('reads and writes %s', (text) => {
    const delay = decodeDelay(parseElement(text));
    expect(decodeDelay(encodeDelay(delay))).toEqual(delay);
    expect(delay.stamp.toISOString().replace('.000', '')).toBe(parseElement(text).attribute('stamp'));
    expect(delay.from?.toString()).toBe(parseElement(text).attribute('from'));
  });

  it('reads zones and fractions', () => {
    const at = (stamp: string) =>
      decodeDelay(parseElement(`<delay xmlns='${DELAY}' stamp='${stamp}'/>`)).stamp.toISOString();
    expect(at('1969-07-20T21:56:15-05:00')).toBe('1969-07-21T02:56:15.000Z');
    expect(at('1969-07-21T02:56:15.25Z')).toBe('1969-07-21T02:56:15.250Z');
  });

  it.each(['', '2002-09-10', '20020910T23:08:25', '2002-09-10T23:08:25', '2002-13-10T23:08:25Z'])(
    'refuses %j',
    (stamp) => {
      expect(() => decodeDelay(parseElement(`<delay xmlns='${DELAY}' stamp='${stamp}'/>`))).toThrow('no date and time');
    },
  );

  it('writes what it is given', () => {
    const from = Jid.parse('a@b');
    expect(encodeDelay({ stamp: new Date(0), from, reason: 'why' }).toString()).toBe(
      `<delay xmlns='${DELAY}' from='a@b' stamp='1970-01-01T00:00:00.000Z'>why</delay>`,
    );
  });
});
