import { once } from 'node:events';
import { encodeTeds, tedsFromJson } from '@thingward/ieee1451';
import { BOILER_UUID } from '@thingward/ieee1451/simulator';
import { ControlUnknownError, type Field, ParameterError } from '@thingward/things';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { boiler, NCAP_ID, ncap, oddTim, plug, readAll, serveTim } from '../../../test/tims.ts';
import type { Device } from '../device.ts';

const OTHER_UUID = '7468696e-6777-6172-6400-000000000002';
const channel = (number: number, uuid = BOILER_UUID) => `${uuid}/${number}`;
const NEVER = new AbortController().signal;

const double = (value: string) => ({ type: 'double' as const, value });

describe('an NCAP as a Thing', () => {
  it('has each TIM as a node, and each channel as one below it', async () => {
    const { device, parts, port, ncap: running } = await ncap();
    await plug(boiler().tim, port);
    await vi.waitFor(() => expect(parts.size).toBe(5));
    expect([...parts.keys()]).toEqual([BOILER_UUID, ...[1, 2, 3, 4].map((number) => channel(number))]);
    const [tim, water] = [...parts.values()] as [Device, Device];
    expect([tim.parent, tim.belongsTo?.node]).toEqual([{ nodeId: 'ncap' }, { nodeId: 'ncap' }]);
    expect([water.parent, water.belongsTo?.node]).toEqual([{ nodeId: BOILER_UUID }, { nodeId: 'ncap' }]);
    expect(running.tims).toMatchObject([{ id: BOILER_UUID, name: 'Boiler', isPresent: true }]);
    const own = await readAll(device);
    expect(own.get('UUID')?.value).toEqual({ type: 'string', value: NCAP_ID });
    expect(own.get('TIMs')?.value).toEqual({ type: 'int', value: 1 });
    const said = await readAll(tim);
    expect(said.get('Connected')?.value).toEqual({ type: 'boolean', value: true });
    expect(said.get('Name')?.value).toEqual({ type: 'string', value: 'Boiler' });
    expect(said.get('TEDS Problem')).toBeUndefined();
  });

  it('gives the values in their SI units, no finer than they are certain, with what the TEDS says', async () => {
    const { parts, port } = await ncap();
    await plug(boiler().tim, port);
    await vi.waitFor(() => expect(parts.size).toBe(5));
    const fields = await readAll(parts.get(channel(1)) as Device);
    expect(fields.get('Water temperature')).toMatchObject({
      value: { type: 'numeric', value: '323.18', unit: 'K' },
      types: ['momentary'],
      qos: ['automaticReadout'],
    });
    expect(fields.get('Uncertainty')?.value).toEqual({ type: 'numeric', value: '0.5', unit: 'K' });
    expect(fields.get('High Limit')?.value).toEqual({ type: 'numeric', value: '373.15', unit: 'K' });
    expect(fields.get('Channel Type')).toMatchObject({ value: { value: 'sensor' }, types: ['identity'] });
    expect(fields.get('Calibration')?.value).toMatchObject({ value: 'none known' });
  });

  it('sets actuators within their limits, once', async () => {
    const { parts, port } = await ncap();
    await plug(boiler().tim, port);
    await vi.waitFor(() => expect(parts.size).toBe(5));
    const valve = parts.get(channel(3)) as Device;
    expect(valve.parameters).toEqual([{ name: 'Gas valve', type: 'double', label: 'Gas valve', min: 0, max: 1 }]);
    await valve.set(new Map([['Gas valve', double('0.7')]]), NEVER);
    expect((await readAll(valve)).get('Gas valve')).toMatchObject({ value: { value: '0.700' }, writable: true });
    expect(await valve.confirm?.(new Map([['Gas valve', double('0.7')]]), NEVER)).toEqual(['Gas valve']);
    expect(valve.parameterValue('Gas valve')).toEqual(double('0.7'));
    await expect(valve.set(new Map([['Gas valve', double('1.5')]]), NEVER)).rejects.toMatchObject({
      code: 'out-of-range',
    });
  });

  it('gives a data set as values one sampling period apart', async () => {
    const { parts, port } = await ncap({ samples: 5 });
    const { tim, clock } = boiler();
    const timer = setInterval(() => {
      clock.now += 0.01;
    }, 1);
    onTestFinished(() => clearInterval(timer));
    await plug(tim, port);
    await vi.waitFor(() => expect(parts.size).toBe(5));
    const pump = parts.get(channel(2)) as Device;
    const fields = (await pump.poll('samples', NEVER)).filter(({ name }) => name === 'Pump vibration');
    expect(fields).toHaveLength(5);
    const times = fields.map(({ timestamp }) => timestamp.getTime());
    expect(times.map((time) => time - (times[0] as number))).toEqual([0, 1, 2, 3, 4]);
  });

  it('tells at once what an event sensor tells', async () => {
    const { parts, port } = await ncap();
    const { tim, clock } = boiler();
    await plug(tim, port);
    await vi.waitFor(() => expect(parts.size).toBe(5));
    const told: Field[] = [];
    parts.get(channel(4))?.watch?.((fields) => told.push(...fields));
    tim.step();
    clock.now += 20;
    tim.step();
    await vi.waitFor(() => expect(told).toHaveLength(1));
    expect(told[0]).toMatchObject({ name: 'Door', value: { type: 'int', value: 1 } });
  });
});

describe('TIMs that come and go', () => {
  it.each(['tcp', 'udp'] as const)('are lost over %s, said to be, and come back as the same Things', async (over) => {
    const {
      device,
      parts,
      port,
      udpPort,
      warnings,
      ncap: running,
    } = await ncap({
      listen: { tcp: '127.0.0.1:0', udp: '127.0.0.1:0' },
    });
    const left = vi.fn();
    running.on('left', (tim, reason) => left(tim.id, reason));
    const { tim } = boiler();
    const unplug = await plug(tim, over === 'tcp' ? port : udpPort, over);
    await vi.waitFor(() => expect(parts.size).toBe(5));
    const before = [...parts.values()] as [Device, Device];
    await unplug();
    await vi.waitFor(() => expect(left).toHaveBeenCalledTimes(1));
    expect(left.mock.calls[0]).toEqual([BOILER_UUID, expect.stringMatching(/lost|silent/)]);
    expect((await readAll(before[0])).get('Connected')?.value).toEqual({ type: 'boolean', value: false });
    await expect(readAll(before[1])).rejects.toThrow('is not connected');
    expect(await before[1].poll('samples', NEVER)).toMatchObject([{ name: 'Connected', value: { value: false } }]);
    expect((await readAll(device)).get('Lost TIMs')?.value).toEqual({ type: 'int', value: 1 });
    await plug(boiler().tim, over === 'tcp' ? port : udpPort, over);
    await vi.waitFor(() => expect(running.tims[0]?.isPresent).toBe(true));
    expect(parts.get(channel(1))).toBe(before[1]);
    expect(warnings).toEqual(['a TIM has joined', 'a TIM was lost', 'a TIM has joined']);
  });

  it('are not answered for with what was read just before they were lost', async () => {
    const { parts, port, ncap: running } = await ncap({ pollMs: 1000 });
    const unplug = await plug(boiler().tim, port);
    await vi.waitFor(() => expect(parts.size).toBe(5));
    const water = parts.get(channel(1)) as Device;
    const lost = once(running, 'left');
    await readAll(water);
    await unplug();
    await lost;
    await expect(readAll(water)).rejects.toThrow('is not connected');
  });

  it('are connected to, where the configuration has their address, and again after a loss', async () => {
    const { tim } = boiler();
    const served = await serveTim(tim);
    const { parts, ncap: running } = await ncap({ listen: {}, connect: [`127.0.0.1:${served.port}`] });
    await vi.waitFor(() => expect(parts.size).toBe(5));
    await served.close();
    await vi.waitFor(() => expect(running.tims[0]?.isPresent).toBe(false));
    await serveTim(tim, served.port);
    await vi.waitFor(() => expect(running.tims[0]?.isPresent).toBe(true), { timeout: 5000 });
  });

  it('are forgotten after a while', async () => {
    const { parts, port, ncap: running } = await ncap({ forgetMinutes: 0.001 });
    const unplug = await plug(boiler().tim, port);
    await vi.waitFor(() => expect(parts.size).toBe(5));
    await unplug();
    await vi.waitFor(() => expect(parts.size).toBe(0));
    expect(running.tims).toEqual([]);
  });

  it('are other Things when they have other TEDS', async () => {
    const { parts, port, ncap: running } = await ncap();
    await plug(boiler().tim, port);
    await vi.waitFor(() => expect(parts.size).toBe(5));
    const before = parts.get(channel(1));
    const name = encodeTeds(
      tedsFromJson({
        teds: 'transducer-name',
        fields: [
          { name: 'format', value: 'text' },
          { name: 'content', value: 'Flow temperature' },
        ],
      }),
    );
    await running.writeTeds(BOILER_UUID, 1, name, NEVER);
    await vi.waitFor(() => expect(parts.get(channel(1))).not.toBe(before));
    await vi.waitFor(() => expect(parts.size).toBe(5));
    expect((await readAll(parts.get(channel(1)) as Device)).get('Flow temperature')).toBeDefined();
    expect(await running.readTeds(BOILER_UUID, 1, 12, NEVER)).toEqual(name);
    expect(await running.readTeds(BOILER_UUID, 1, 5, NEVER)).toBeUndefined();
  });

  it('are let in when they are named, and others are not', async () => {
    const { port, warnings, ncap: running } = await ncap({ admit: [OTHER_UUID] });
    await plug(boiler().tim, port);
    await vi.waitFor(() => expect(warnings).toHaveLength(1));
    expect(warnings[0]).toContain(`${BOILER_UUID}, which is not in ieee1451.admit`);
    await plug(boiler(OTHER_UUID).tim, port);
    await vi.waitFor(() => expect(running.tims.map(({ id }) => id)).toEqual([OTHER_UUID]));
  });

  it('are let in by nothing but their names unless the configuration says so', async () => {
    const { port, warnings, ncap: running } = await ncap({ admit: undefined });
    await plug(boiler().tim, port);
    await vi.waitFor(() => expect(warnings).toHaveLength(1));
    expect(running.tims).toEqual([]);
  });

  it('are not replaced by others that say they are the same', async () => {
    const { port, warnings, ncap: running } = await ncap();
    await plug(boiler().tim, port);
    await vi.waitFor(() => expect(running.tims).toHaveLength(1));
    await plug(boiler().tim, port);
    await vi.waitFor(() => expect(warnings.some((text) => text.includes('which is connected already'))).toBe(true));
    expect(running.tims[0]?.isPresent).toBe(true);
  });
});

describe('TIMs that fail', () => {
  it('with a corrupt TEDS say which and where, and the rest of them works', async () => {
    const { tim } = boiler();
    const port = await oddTim(tim, async (reply) => {
      const octets = reply();
      // The highest octet of the lower limit of channel 1, 273.15.
      const at = octets ? Buffer.from(octets).indexOf(Buffer.from('0d044388', 'hex')) : -1;
      return [octets && at >= 0 ? octets.with(at + 2, 0x44) : octets];
    });
    const { parts } = await ncap({ listen: {}, connect: [`127.0.0.1:${port}`] });
    await vi.waitFor(() => expect(parts.size).toBe(5));
    const broken = parts.get(channel(1)) as Device;
    const seen: Field[] = [];
    await expect(
      (async () => {
        for await (const fields of broken.read({ types: [], names: [] }, NEVER)) seen.push(...fields);
      })(),
    ).rejects.toThrow('transducer-channel TEDS: the checksum is');
    expect(seen.find(({ name }) => name === 'TEDS Problem')).toMatchObject({
      value: { value: expect.stringMatching(/^transducer-channel TEDS: the checksum is .* \(at octet \d+\)$/) },
      qos: ['automaticReadout', 'error'],
    });
    expect(broken.schedules).toEqual([]);
    expect((await readAll(parts.get(channel(2)) as Device)).get('Pump vibration')).toBeDefined();
  });

  it('that answer late or twice are read as if they had not', async () => {
    const { tim } = boiler();
    let odd: 'no' | 'late' | 'twice' = 'no';
    const port = await oddTim(tim, async (reply) => {
      const octets = reply();
      if (odd === 'late') await new Promise((resolve) => setTimeout(resolve, 150));
      return odd === 'twice' ? [octets, octets] : [octets];
    });
    const { ncap: running, parts } = await ncap({
      listen: {},
      connect: [`127.0.0.1:${port}`],
      timeoutMs: 100,
      silenceMs: 5000,
    });
    await vi.waitFor(() => expect(parts.size).toBe(5));
    odd = 'late';
    await expect(running.read(BOILER_UUID, 1, NEVER)).rejects.toMatchObject({ code: 'no-answer' });
    odd = 'twice';
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (let i = 0; i < 3; i++) {
      expect((await running.read(BOILER_UUID, 1, NEVER)).samples[0]).toBeCloseTo(323.18, 2);
    }
  });

  it('that never answer are left alone, others are not kept waiting, and what was set is not known', async () => {
    const { tim } = boiler(OTHER_UUID);
    let isDead = false;
    let asked = 0;
    const port = await oddTim(tim, async (reply) => {
      asked++;
      return isDead ? [] : [reply()];
    });
    const {
      ncap: running,
      parts,
      port: own,
    } = await ncap({ connect: [`127.0.0.1:${port}`], timeoutMs: 60, silenceMs: 5000 });
    await plug(boiler().tim, own);
    await vi.waitFor(() => expect(parts.size).toBe(10));
    isDead = true;
    const valve = parts.get(channel(3, OTHER_UUID)) as Device;
    await expect(valve.set(new Map([['Gas valve', double('0.5')]]), NEVER)).rejects.toThrow(ControlUnknownError);
    for (let i = 0; i < 5; i++) await running.read(OTHER_UUID, 1, NEVER).catch(() => undefined);
    const before = asked;
    await expect(running.read(OTHER_UUID, 1, NEVER)).rejects.toThrow('it is asked again in');
    await expect(valve.set(new Map([['Gas valve', double('0.5')]]), NEVER)).rejects.toThrow(ParameterError);
    expect(asked).toBe(before);
    expect((await running.read(BOILER_UUID, 1, NEVER)).samples).toHaveLength(1);
  });
});
