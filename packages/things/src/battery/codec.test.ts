import { parseElement, XmlError, xml } from '@thingward/xml';
import { Jid } from '@thingward/xmpp';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PAYLOADS } from '../../test/payloads.ts';
import { PayloadError } from '../thing/payload.ts';
import {
  COMMAND_STATES,
  decodeAsleep,
  decodeCommand,
  decodeCommandCancel,
  decodeLastKnown,
  decodeMailbox,
  decodeOutcome,
  decodePartlySuperseded,
  decodeQueued,
  decodeSleep,
  decodeSleeper,
  encodeAsleep,
  encodeCommand,
  encodeCommandCancel,
  encodeLastKnown,
  encodeMailbox,
  encodeOutcome,
  encodePartlySuperseded,
  encodeQueued,
  encodeSleep,
} from './codec.ts';
import { encodeSleeper, nextWaking, type SleepSchedule, WAKING_PATTERNS } from './schedule.ts';
import { supersede } from './supersede.ts';

const text = fc.stringMatching(/^[a-zA-Z0-9 <>&'"é-]{0,12}$/);
const duration = fc.integer({ min: 1, max: 10 ** 10 });
const date = fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const jid = fc.stringMatching(/^[a-z]{1,8}$/).map((local) => Jid.parse(`${local}@example.org`));
const schedule: fc.Arbitrary<SleepSchedule> = fc
  .record({
    wakes: fc.constantFrom(...WAKING_PATTERNS),
    everyMs: maybe(duration),
    listenMs: maybe(duration),
    next: maybe(date),
  })
  .filter(({ wakes, everyMs }) => wakes !== 'periodically' || everyMs !== undefined);
const set = xml('set', { xmlns: 'urn:xmpp:iot:control' }, xml('int', { name: 'a', value: 1 }));
const state = fc.constantFrom(...COMMAND_STATES);

/** Through its text. */
function through<T, D>(encode: (value: T) => ReturnType<typeof xml>, decode: (element: ReturnType<typeof xml>) => D) {
  return (value: T): D => decode(parseElement(encode(value).toString()));
}

describe('what is written of the profile', () => {
  it('is read as it was: schedules', () => {
    fc.assert(
      fc.property(schedule, maybe(fc.boolean()), maybe(date), maybe(fc.nat()), (given, isAsleep, since, waiting) => {
        const sleeper = { ...given, isAsleep, since, waiting };
        expect(through(encodeSleeper, decodeSleeper)(sleeper)).toEqual(sleeper);
      }),
    );
  });

  it('is read as it was: reports', () => {
    const readers = maybe(fc.array(jid, { maxLength: 3 }));
    fc.assert(
      fc.property(schedule, readers, maybe(jid), maybe(text), date, (given, allowed, owner, name, timestamp) => {
        const fields =
          name === undefined
            ? undefined
            : [{ name, value: { type: 'int', value: 1 }, types: ['status'], qos: [], timestamp } as const];
        const report = { schedule: given, readers: allowed, owner, fields, forms: undefined };
        const read = through(encodeSleep, decodeSleep)(report);
        expect(read.schedule).toEqual(given);
        expect(read.readers?.map(String)).toEqual(allowed?.map(String));
        expect(read.owner?.toString()).toBe(owner?.toString());
        expect(read.fields?.map((field) => [field.name, field.timestamp])).toEqual(fields && [[name, timestamp]]);
      }),
    );
  });

  it('is read as it was: commands and what becomes of them', () => {
    fc.assert(
      fc.property(
        text,
        date,
        maybe(date),
        maybe(text),
        state,
        maybe(duration),
        (id, until, next, request, is, expiresMs) => {
          expect(through(encodeQueued, decodeQueued)({ id, until, next, request })).toEqual({
            id,
            until,
            next,
            request,
          });
          const command = through(encodeCommand, decodeCommand)({ expiresMs, payload: set });
          expect([command.expiresMs, String(command.payload)]).toEqual([expiresMs, String(set)]);
          const outcome = through(encodeOutcome, decodeOutcome)({ id, state: is, at: until, payload: set });
          expect({ ...outcome, payload: String(outcome.payload) }).toEqual({
            id,
            state: is,
            at: until,
            payload: String(set),
          });
          expect(through(encodeLastKnown, decodeLastKnown)({ at: until, next })).toEqual({ at: until, next });
          expect(through(encodeCommandCancel, decodeCommandCancel)(id)).toBe(id);
          const parts = { id, parameters: [id] };
          expect(through(encodePartlySuperseded, decodePartlySuperseded)(parts)).toEqual(parts);
          const sender = Jid.parse('a@b/c');
          const entry = { id, sender, state: is, received: until, until, finished: next, payload: set };
          const [read] = through(encodeMailbox, decodeMailbox)([entry]);
          expect({ ...read, sender: String(read?.sender), payload: String(read?.payload) }).toEqual({
            ...entry,
            sender: 'a@b/c',
            payload: String(set),
          });
        },
      ),
    );
    expect(through(encodeAsleep, decodeAsleep)(3)).toBe(3);
  });

  it('is read as it was: control forms of nodes, and the one of a Thing without any', () => {
    const form = xml('x', { xmlns: 'jabber:x:data', type: 'form' });
    const forms = [{ form }, { node: { nodeId: 'n', sourceId: 's' }, form }];
    const read = through(encodeSleep, decodeSleep)({ schedule: { wakes: 'unknown' }, forms });
    expect(read.forms?.map(({ node }) => node)).toEqual([undefined, { nodeId: 'n', sourceId: 's' }]);
    expect(read.forms?.map((one) => String(one.form))).toEqual([String(form), String(form)]);
    const alone = parseElement(`<sleep xmlns='urn:thingward:battery:1' wakes='unknown'>${form}</sleep>`);
    expect(decodeSleep(alone).forms).toHaveLength(1);
    expect(() =>
      decodeSleep(
        parseElement(`<sleep xmlns='urn:thingward:battery:1' wakes='unknown'><forms><form/></forms></sleep>`),
      ),
    ).toThrow('forms/form[1]');
  });

  it('is not written when it would say nothing: a period that is not told', () => {
    expect(() => encodeSleep({ schedule: { wakes: 'periodically' } })).toThrow(PayloadError);
    expect(() => encodeCommand({ expiresMs: -1, payload: set })).toThrow(PayloadError);
  });
});

const DECODERS = [
  decodeSleep,
  decodeSleeper,
  decodeAsleep,
  decodeCommand,
  decodeQueued,
  decodePartlySuperseded,
  decodeOutcome,
  decodeMailbox,
  decodeCommandCancel,
  decodeLastKnown,
] as const;
const OURS = PAYLOADS.filter((payload) => payload.includes("xmlns='urn:thingward:battery:1'"));

describe('what arrives', () => {
  it('is read, or refused with what is wrong and where', () => {
    expect(OURS.length).toBeGreaterThan(10);
    fc.assert(
      fc.property(fc.constantFrom(...OURS), fc.nat(), fc.nat(9), text, (payload, at, count, inserted) => {
        const start = at % payload.length;
        const changed = payload.slice(0, start) + inserted + payload.slice(start + count);
        let element: ReturnType<typeof xml>;
        try {
          element = parseElement(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(XmlError);
          return;
        }
        for (const decode of DECODERS) {
          try {
            decode(element);
          } catch (error) {
            expect(error).toBeInstanceOf(PayloadError);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the waking that is next', () => {
  it('is the first after now that follows from the period', () => {
    fc.assert(
      fc.property(date, date, fc.integer({ min: 1000, max: 10 ** 9 }), (next, now, everyMs) => {
        const found = nextWaking({ wakes: 'periodically', everyMs, next }, now) as Date;
        if (next > now) expect(found).toEqual(next);
        else {
          expect(found.getTime()).toBeGreaterThan(now.getTime());
          expect(found.getTime() - now.getTime()).toBeLessThanOrEqual(everyMs);
          expect((found.getTime() - next.getTime()) % everyMs).toBe(0);
        }
      }),
    );
  });
});

describe('a later command', () => {
  const setOf = (nodes: string[], names: readonly string[], form = '') =>
    parseElement(
      `<set xmlns='urn:xmpp:iot:control'>${nodes.map((node) => `<node nodeId='${node}'/>`).join('')}${names.map((name) => `<int name='${name}' value='1'/>`).join('')}${form}</set>`,
    );

  it.each([
    [[], ['a'], [], ['a'], ['a'], []],
    [[], ['a', 'b'], [], ['a'], ['a'], ['b']],
    [[], ['a'], [], ['b'], [], ['a']],
    [['n'], ['a'], ['n', 'm'], ['a'], ['a'], []],
    [['n', 'm'], ['a'], ['n'], ['a'], [], ['a']],
    [[], ['a'], ['n'], ['a'], [], ['a']],
    [['n'], ['a'], [], ['a'], [], ['a']],
  ])('of nodes %j: %j gives way to %j: %j', (nodesBefore, before, nodesAfter, after, gone, left) => {
    const { parameters, rest } = supersede(setOf(nodesBefore, before), setOf(nodesAfter, after));
    expect(parameters).toEqual(gone);
    expect(rest?.childrenNamed('int').map((setting) => setting.attribute('name')) ?? []).toEqual(left);
  });

  it('takes out of a form what it sets, and the form counts itself', () => {
    const form = `<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>f</value></field><field var='a'><value>1</value></field><field var='b'><value>2</value></field></x>`;
    expect(String(supersede(setOf([], [], form), setOf([], ['a'])).rest)).not.toContain(`var='a'`);
    expect(supersede(setOf([], [], form), setOf([], ['a', 'b'])).rest).toBeUndefined();
    expect(supersede(setOf([], ['a', 'b']), setOf([], [], form)).rest).toBeUndefined();
  });
});
