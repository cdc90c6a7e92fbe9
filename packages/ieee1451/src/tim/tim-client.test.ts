import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  channelUnit,
  decodeReply,
  decodeSamples,
  encodeCommand,
  encodeReply,
  encodeSamples,
  encodeTeds,
  formatHex,
  Ieee1451Error,
  moduleCommandNamed,
  sampleDefinition,
  type Teds,
  tedsFromJson,
  tedsProblems,
  tedsValue,
} from '../index.ts';
import { boilerTim } from '../simulator/index.ts';
import { encodeLinkFrame, LinkFrameReader, TimClient, TimServer } from './index.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** A boiler with a clock of ours, and an NCAP's connection to it. */
async function boiler(segmentOctets?: number) {
  let now = 1;
  const tim = boilerTim({ clock: () => now, ...(segmentOctets === undefined ? {} : { segmentOctets }) });
  const server = new TimServer(tim);
  const port = await server.listen(0);
  const client = await TimClient.connect({ host: '127.0.0.1', port });
  cleanUps.push(
    () => server.close(),
    () => client.close(),
  );
  const pass = (seconds: number) => {
    now += seconds;
    tim.step();
  };
  return { tim, server, client, pass };
}

/** Something that takes a connection and does with it what it likes. */
async function peer(serve: (socket: Socket) => void): Promise<TimClient> {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    serve(socket);
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
  cleanUps.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  const client = await TimClient.connect({ host: '127.0.0.1', port, timeoutMs: 5000 });
  cleanUps.push(() => client.close());
  return client;
}

describe('an NCAP and a TIM', () => {
  it.each([undefined, 7])(
    'reads what the TIM and its channels are, in segments of %s octets',
    async (segmentOctets) => {
      const { client } = await boiler(segmentOctets);
      const meta = (await client.readTeds(0, 1)) as Teds;
      expect(tedsProblems(meta)).toEqual([]);
      expect(tedsValue(meta, 'channels')).toBe(4);
      const names = [];
      for (let channel = 0; channel <= 4; channel++) {
        const name = (await client.readTeds(channel, 12)) as Teds;
        names.push(tedsValue(name, 'content'));
        if (channel > 0) expect(tedsProblems((await client.readTeds(channel, 3)) as Teds)).toEqual([]);
      }
      expect(names).toEqual(['Boiler', 'Water temperature', 'Pump vibration', 'Gas valve', 'Door']);
      expect(channelUnit((await client.readTeds(2, 3)) as Teds)).toBe('m/s2');
      expect(await client.readTeds(1, 5)).toBeUndefined();
      expect(await client.request(1, 'query-teds', { accessCode: 5 })).toMatchObject({ attributes: 3, size: 0 });
      const size = encodeTeds(meta).length;
      expect(await client.request(0, 'query-teds', { accessCode: 1 })).toMatchObject({ size, maximumSize: size });
      expect(await client.request(0, 'read-teds-segment', { accessCode: 1, offset: 5000 })).toEqual({
        offset: size,
        octets: '',
      });
    },
  );

  it('reads a sensor and sets an actuator, in the right state', async () => {
    const { client } = await boiler();
    const definition = sampleDefinition((await client.readTeds(1, 3)) as Teds);
    const read = async (channel: number) =>
      decodeSamples(await client.readDataSet(channel, 4), definition)[0] as number;
    await expect(client.readDataSet(1, 4)).rejects.toMatchObject({ code: 'refused' });
    for (const channel of [1, 3]) await client.request(channel, 'operate');
    expect(await read(1)).toBeCloseTo(323.18, 1);
    const set = (opening: number) => {
      const octets = formatHex(encodeSamples([opening], definition));
      return client.request(3, 'write-data-set-segment', { offset: 0, octets });
    };
    await set(0.75);
    expect(await read(3)).toBe(0.75);
    expect(await read(1)).toBeCloseTo(343.18, 1);
    await expect(set(1.5)).rejects.toMatchObject({ code: 'refused' });
    await expect(client.request(1, 'set-sampling-mode', { mode: 1 })).rejects.toMatchObject({ code: 'refused' });
    await client.request(1, 'idle');
    await client.request(1, 'set-sampling-mode', { mode: 1 });
    expect(await client.request(1, 'read-sampling-mode')).toEqual({ mode: 1 });
    await expect(client.request(9, 'operate')).rejects.toMatchObject({ code: 'refused' });
    await expect(client.request(0, 'operate')).rejects.toMatchObject({ code: 'refused' });
  });

  it('takes a series of samples after a trigger', async () => {
    const { client, pass } = await boiler(64);
    const definition = sampleDefinition((await client.readTeds(2, 3)) as Teds);
    await expect(client.request(2, 'set-data-repetition-count', { count: 256 })).rejects.toMatchObject({
      code: 'refused',
    });
    await client.request(2, 'set-data-repetition-count', { count: 99 });
    await client.request(2, 'operate');
    await client.request(2, 'trigger');
    pass(0.0305);
    expect(decodeSamples(await client.readDataSet(2, 400), definition)).toHaveLength(31);
    pass(1);
    const samples = decodeSamples(await client.readDataSet(2, 400), definition) as number[];
    expect(samples).toHaveLength(100);
    // 50 Hz of an amplitude of two, a sample each millisecond.
    expect(samples[5]).toBeCloseTo(2, 3);
    expect(samples[15]).toBeCloseTo(-2, 3);
    await client.request(2, 'abort-trigger');
    expect(decodeSamples(await client.readDataSet(2, 4), definition)).toHaveLength(1);
  });

  it('is told events when it wants to be', async () => {
    const { client, pass } = await boiler();
    const messages: unknown[] = [];
    client.on('message', (message) => messages.push(message));
    pass(0);
    pass(20);
    await client.request(4, 'write-status-event-protocol-state', { enabled: true });
    await client.request(4, 'operate');
    expect(messages).toEqual([]);
    pass(20);
    pass(1);
    await client.request(4, 'read-status-event-protocol-state');
    expect(messages).toEqual([{ channel: 4, commandClass: 3, commandFunction: 1, body: { octets: '0000000000' } }]);
  });

  it('writes the name, and nothing else', async () => {
    const { client } = await boiler();
    const name = encodeTeds(
      tedsFromJson({
        teds: 'transducer-name',
        fields: [
          { name: 'format', value: 'text' },
          { name: 'content', value: 'Flow' },
        ],
      }),
    );
    const write = async (octets: Uint8Array, offset = 0) => {
      await client.request(1, 'write-teds-segment', { accessCode: 12, offset, octets: formatHex(octets) });
    };
    await write(name.subarray(0, 9));
    await write(name.subarray(9), 9);
    await client.request(1, 'update-teds', { accessCode: 12 });
    expect(await client.readTedsOctets(1, 12)).toEqual(name);
    await write(name.with(-1, 0));
    await expect(client.request(1, 'update-teds', { accessCode: 12 })).rejects.toMatchObject({ code: 'refused' });
    await write(name.subarray(9), 9);
    await expect(client.request(1, 'update-teds', { accessCode: 12 })).rejects.toMatchObject({ code: 'refused' });
    await client.request(1, 'write-teds-segment', { accessCode: 3, offset: 0, octets: formatHex(name) });
    await expect(client.request(1, 'update-teds', { accessCode: 3 })).rejects.toMatchObject({ code: 'refused' });
    expect(await client.readTedsOctets(1, 12)).toEqual(name);
  });

  it('lets the TIM sleep', async () => {
    const { client, tim } = await boiler();
    await client.request(1, 'operate');
    await client.request(0, 'sleep');
    expect(tim.state).toBe('sleep');
    await expect(client.request(1, 'read-trigger-state', {}, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'no-answer',
    });
    await client.request(0, 'wake-up');
    expect(await client.request(1, 'read-trigger-state')).toEqual({ enabled: true });
    await client.request(0, 'reset');
    await expect(client.readDataSet(1, 4)).rejects.toMatchObject({ code: 'refused' });
  });
});

describe('an NCAP whose TIM fails', () => {
  it('does not wait for ever, and says when a command may have happened', async () => {
    const client = await peer(() => undefined);
    await expect(client.request(1, 'read-sampling-mode', {}, { timeoutMs: 30 })).rejects.toMatchObject({
      code: 'no-answer',
    });
    await expect(client.request(1, 'trigger', {}, { timeoutMs: 30 })).rejects.toMatchObject({
      code: 'outcome-unknown',
    });
    const signal = AbortSignal.timeout(20);
    await expect(client.request(1, 'trigger', {}, { signal })).rejects.toMatchObject({ code: 'outcome-unknown' });
    await expect(client.request(1, 'trigger', {}, { signal })).rejects.toMatchObject({ code: 'closed' });
    const waiting = Array.from({ length: 256 }, () => client.request(1, 'read-sampling-mode'));
    await expect(client.request(1, 'read-sampling-mode')).rejects.toMatchObject({ code: 'limit-exceeded' });
    client.close();
    const outcomes = await Promise.allSettled(waiting);
    expect(outcomes.every((outcome) => outcome.status === 'rejected' && outcome.reason.code === 'closed')).toBe(true);
    await expect(client.request(1, 'trigger')).rejects.toMatchObject({ code: 'not-connected' });
  });

  it('takes late and doubled answers for what they are', async () => {
    const command = moduleCommandNamed('read-sampling-mode');
    const answers = [1, 2, 3].map((mode) => encodeReply({ flag: 1, body: { mode } }, command));
    const client = await peer((socket) => {
      const reader = new LinkFrameReader();
      let last = 0;
      socket.on('data', (chunk) => {
        for (const { sequence } of reader.push(chunk)) {
          const message = answers[last++] as Uint8Array;
          const frame = encodeLinkFrame({ kind: 'reply', sequence, message });
          // The first answer is late, the second comes twice.
          if (last === 1) setTimeout(() => socket.write(frame), 60);
          else socket.write(Buffer.concat([frame, frame]));
        }
      });
    });
    await expect(client.request(1, 'read-sampling-mode', {}, { timeoutMs: 30 })).rejects.toMatchObject({
      code: 'no-answer',
    });
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(await client.request(1, 'read-sampling-mode')).toEqual({ mode: 2 });
    expect(await client.request(1, 'read-sampling-mode')).toEqual({ mode: 3 });
  });

  it('refuses a corrupt TEDS', async () => {
    const command = moduleCommandNamed('read-teds-segment');
    const client = await peer((socket) => {
      const reader = new LinkFrameReader();
      const segments = ['0000000c0304000101010d020003ffff', '00000002', '', 'ffffffff'];
      socket.on('data', (chunk) => {
        for (const { sequence } of reader.push(chunk)) {
          const message = encodeReply({ flag: 1, body: { offset: 0, octets: segments.shift() ?? '' } }, command);
          socket.write(encodeLinkFrame({ kind: 'reply', sequence, message }));
        }
      });
    });
    await expect(client.readTeds(0, 1)).rejects.toMatchObject({ code: 'wrong-checksum' });
    await expect(client.readTeds(0, 1)).rejects.toMatchObject({ code: 'malformed-teds' });
    await expect(client.readTeds(0, 1)).rejects.toMatchObject({ code: 'malformed-teds' });
  });

  it('hangs up on what is no message', async () => {
    const client = await peer((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await vi.waitFor(async () => {
      await expect(client.request(1, 'read-sampling-mode')).rejects.toMatchObject({ code: 'not-connected' });
    });
  });

  it('says why there is no connection', async () => {
    const { server } = await boiler();
    const port = await server.close().then(() => 1);
    const attempt = TimClient.connect({ host: '127.0.0.1', port, timeoutMs: 2000 });
    await expect(attempt).rejects.toThrow(Ieee1451Error);
    await expect(attempt).rejects.toMatchObject({ code: 'not-connected' });
    await expect(TimClient.connect({ host: '127.0.0.1', port, signal: AbortSignal.abort() })).rejects.toThrow(
      'it was ended',
    );
  });
});

it('a TIM answers nothing but failure to commands it does not have', async () => {
  const tim = boilerTim({ clock: () => 0 });
  const ask = (commandClass: number, commandFunction: number, octets = '') =>
    tim.receive(encodeCommand({ channel: 1, commandClass, commandFunction, body: octets === '' ? {} : { octets } }));
  for (const reply of [ask(200, 1), ask(4, 99), ask(4, 3, '02')]) {
    expect(decodeReply(reply as Uint8Array)).toMatchObject({ flag: 0 });
  }
  expect(() => tim.receive(Uint8Array.of(0))).toThrow(Ieee1451Error);
});
