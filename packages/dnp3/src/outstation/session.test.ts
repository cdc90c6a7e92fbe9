import { connect } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { substation } from '../../test/peers.ts';
import type { Fragment } from '../fragment.ts';
import { encodeFragment } from '../fragment.ts';
import { IIN } from '../internal-indications.ts';
import { encodeLinkFrame, type LinkFrame } from '../link-frame.ts';
import { LinkFrameReader } from '../link-frame-reader.ts';
import type { ObjectHeader } from '../object-header.ts';
import { PacketAssembler } from '../packet.ts';
import type { OutstationOptions } from './outstation.ts';

const all = (group: number, variation: number): ObjectHeader => ({
  group,
  variation,
  prefix: 'none',
  range: 'all',
  items: [],
});
const CLASS_1 = all(60, 2);
const CLASS_0 = all(60, 1);
const TRIP: ObjectHeader = {
  group: 12,
  variation: 1,
  prefix: 'index-8',
  range: 'count-8',
  count: 1,
  items: [{ index: 0, code: 0x81, count: 1 }],
};

/** A master whose every fragment the test says. */
async function scripted(options: Omit<OutstationOptions, 'points' | 'outputs'> = {}) {
  const peer = await substation({ unsolicited: false, ...options });
  const socket = connect(peer.port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  const reader = new LinkFrameReader();
  const assembler = new PacketAssembler();
  const heard: Fragment[] = [];
  const frames: LinkFrame[] = [];
  socket.on('data', (chunk) => {
    for (const frame of reader.push(chunk)) {
      frames.push(frame);
      for (const { fragment } of assembler.push(frame)) if (fragment) heard.push(fragment);
    }
  });
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  let segment = 0;
  const sendOctets = (octets: Uint8Array, { destination = 10, source = 1, code = 4 } = {}) => {
    const control = { fromMaster: true, primary: true, frameCount: false, countValidOrBusy: false, function: code };
    const userData = Uint8Array.of(0xc0 | (segment++ & 0x3f), ...octets);
    socket.write(encodeLinkFrame({ control, destination, source, userData }));
  };
  const say = (
    code: number,
    sequence: number,
    objects: readonly ObjectHeader[] = [],
    to: object = {},
    unsolicited = false,
  ) =>
    sendOctets(
      encodeFragment({
        control: { first: true, final: true, confirm: false, unsolicited, sequence },
        function: code,
        objects,
      }),
      to,
    );
  /** Waits for so many fragments, and for a moment in which no other comes. */
  const hear = async (count: number) => {
    await vi.waitUntil(() => heard.length >= count);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(heard).toHaveLength(count);
    return heard.at(-1) as Fragment;
  };
  return { ...peer, socket, heard, frames, say, sendOctets, hear };
}

describe('an outstation', () => {
  it('does a request that comes twice once, and gives the same answer', async () => {
    const { say, hear, process } = await scripted();
    say(5, 3, [TRIP]);
    const first = await hear(1);
    process.inputs.breakerClosed = true;
    say(5, 3, [TRIP]);
    expect(await hear(2)).toEqual(first);
    expect(process.inputs.breakerClosed).toBe(true);
    say(5, 4, [TRIP]);
    await hear(3);
    expect(process.inputs.breakerClosed).toBe(false);
  });

  it('keeps events until their report is confirmed with its number', async () => {
    const { say, hear, process, plant, outstation } = await scripted();
    process.inputs.doorOpen = true;
    plant.scan();
    say(1, 1, [CLASS_1]);
    expect(await hear(1)).toMatchObject({ control: { confirm: true, sequence: 1 }, indications: IIN.deviceRestart });
    say(0, 2);
    say(0, 1, [], {}, true);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(outstation.database.events.size).toBe(1);
    expect(outstation.indications()).toBe(IIN.deviceRestart | IIN.class1Events);
    say(1, 2, [CLASS_1]);
    expect((await hear(2)).objects[0]?.items).toHaveLength(1);
    say(0, 2);
    await vi.waitUntil(() => outstation.database.events.size === 0);
  });

  it('goes on to the next fragment when the one before is confirmed, and gives up when it is not', async () => {
    const { say, hear } = await scripted({ maxFragmentOctets: 60 });
    say(1, 15, [CLASS_0]);
    expect((await hear(1)).control).toMatchObject({ first: true, final: false, confirm: true, sequence: 15 });
    say(0, 15);
    expect((await hear(2)).control).toMatchObject({ first: false, sequence: 0 });
    await new Promise((resolve) => setTimeout(resolve, 320));
    say(0, 0);
    await hear(2);
  });

  it('says at its beginning that it is there, and says again what nobody confirms', async () => {
    const { say, hear, heard, process, plant, outstation } = await scripted({
      unsolicited: true,
      confirmTimeoutMs: 100,
    });
    await vi.waitUntil(() => heard.length >= 2);
    expect(heard[1]).toEqual(heard[0]);
    expect(heard[0]).toMatchObject({
      function: 130,
      control: { unsolicited: true, confirm: true, sequence: 0 },
      objects: [],
    });
    say(0, 0, [], {}, true);
    say(20, 1, [CLASS_1]);
    await vi.waitUntil(() => heard.at(-1)?.function === 129);
    const before = heard.length;
    process.inputs.doorOpen = true;
    plant.scan();
    await vi.waitUntil(() => heard.length >= before + 2);
    expect(heard.at(-1)).toEqual(heard[before]);
    expect(heard[before]).toMatchObject({
      control: { sequence: 1 },
      objects: [{ group: 2, items: [{ index: 3, value: 1 }] }],
    });
    say(0, 1, [], {}, true);
    await vi.waitUntil(() => outstation.database.events.size === 0);
    await hear(heard.length);
  });

  it('answers a read after the confirmation it waits for, and others at once', async () => {
    const { say, hear, heard } = await scripted({ unsolicited: true });
    await vi.waitUntil(() => heard.length === 1);
    say(1, 1, [CLASS_0]);
    say(23, 2);
    expect(await hear(2)).toMatchObject({ function: 129, control: { sequence: 2 }, objects: [{ group: 52 }] });
    say(1, 3, [CLASS_0]);
    await hear(2);
    say(0, 0, [], {}, true);
    expect(await hear(3)).toMatchObject({ function: 129, control: { sequence: 3 } });
  });

  it('does what is said to all, and answers nothing but that it was', async () => {
    const { say, hear, process, heard } = await scripted();
    say(6, 1, [TRIP], { destination: 0xffff });
    await vi.waitUntil(() => !process.inputs.breakerClosed);
    say(1, 2, [all(1, 2)]);
    expect((await hear(1)).indications).toBe(IIN.broadcast | IIN.class1Events | IIN.class3Events | IIN.deviceRestart);
    expect(heard).toHaveLength(1);
    say(23, 3);
    expect(((await hear(2)).indications ?? 0) & IIN.broadcast).toBe(0);
  });

  it('does not answer others, responses, parts, and what is no fragment', async () => {
    const { say, sendOctets, hear, frames, socket } = await scripted();
    say(23, 1, [], { destination: 11 });
    say(129, 1);
    sendOctets(Uint8Array.of(0x81, 1));
    sendOctets(Uint8Array.of(0xc1));
    socket.write(Uint8Array.of(1, 2, 5, 0x64, 3, 5));
    say(23, 2);
    expect(await hear(1)).toMatchObject({ control: { sequence: 2 } });
    expect(frames).toHaveLength(1);
  });

  it.each([
    ['a function it does not know', 99, [], IIN.functionNotSupported],
    ['a time to freeze at', 11, [], IIN.functionNotSupported],
    ['objects it does not know', 1, [all(86, 1)], IIN.objectUnknown],
    ['writes of what can only be read', 2, [all(1, 2)], IIN.objectUnknown],
    ['commands without objects', 3, [], IIN.objectUnknown],
    [
      'a time that nothing was recorded for',
      2,
      [{ ...all(50, 3), range: 'count-8', count: 1, items: [{ time: 5 }] }],
      IIN.parameterError,
    ],
    [
      'indications other than its restart',
      2,
      [{ ...all(80, 1), range: 'start-stop-8', start: 4, stop: 4, items: [{ value: 0 }] }],
      IIN.parameterError,
    ],
    ['classes of no points', 22, [all(20, 0)], IIN.parameterError],
    ['freezes of what is no counter', 7, [all(30, 0)], IIN.objectUnknown],
  ] as const)('says by its indications that it refuses %s', async (_, code, objects, bits) => {
    const { say, hear } = await scripted();
    say(code, 1, objects as readonly ObjectHeader[]);
    expect(await hear(1)).toMatchObject({ indications: bits | IIN.deviceRestart, objects: [] });
  });

  it('says that octets after a known header make no sense', async () => {
    const { sendOctets, hear } = await scripted();
    sendOctets(Uint8Array.of(0xc1, 2, 50, 1, 7, 1, 1, 2));
    expect(await hear(1)).toMatchObject({ indications: IIN.parameterError | IIN.deviceRestart });
    sendOctets(Uint8Array.of(0xc2, 1, 200, 1, 6));
    expect(await hear(2)).toMatchObject({ indications: IIN.objectUnknown | IIN.deviceRestart });
  });

  it('reads each kind of point in each variation it has, by range, index and count', async () => {
    const { say, hear, process, plant } = await scripted();
    let sequence = 0;
    const readItems = async (header: ObjectHeader) => {
      sequence++;
      say(1, sequence & 0x0f, [header]);
      const { objects, rest } = await hear(sequence);
      expect(rest).toBeUndefined();
      return objects.map(({ group, variation, items }) => [group, variation, items.length]);
    };
    for (const [group, variations] of [
      [1, [1, 2]],
      [3, [1, 2]],
      [10, [1, 2]],
      [20, [1, 2, 5, 6]],
      [21, [1, 2, 5, 6, 9, 10]],
      [30, [1, 2, 3, 4, 5, 6]],
      [34, [1, 2, 3]],
      [40, [1, 2, 3, 4]],
    ] as const) {
      for (const variation of variations) {
        const found = await readItems(all(group, variation));
        expect(found.map(([a, b]) => `${a}.${b}`)).toEqual([`${group}.${variation}`]);
      }
    }
    expect(await readItems({ ...all(30, 5), range: 'start-stop-16', start: 1, stop: 3 })).toEqual([[30, 5, 3]]);
    expect(
      await readItems({
        ...all(1, 2),
        range: 'count-8',
        prefix: 'index-8',
        count: 2,
        items: [{ index: 4 }, { index: 0 }],
      }),
    ).toEqual([
      [1, 2, 1],
      [1, 2, 1],
    ]);
    for (let i = 0; i < 3; i++) {
      process.inputs.doorOpen = !process.inputs.doorOpen;
      plant.scan();
    }
    expect(await readItems({ ...all(2, 0), range: 'count-8', count: 2 })).toEqual([[2, 2, 2]]);
    expect(await readItems(all(110, 0))).toEqual([[110, 7, 1]]);
    expect(await readItems(all(80, 1))).toEqual([[80, 1, 16]]);
    expect(await readItems({ ...all(50, 1), range: 'count-8', count: 1 })).toEqual([[50, 1, 1]]);
  });
});
