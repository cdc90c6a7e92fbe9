import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import os, { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Field, FieldType } from '@thingward/things';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { DirectIoConfig } from '../../config.ts';
import { DirectIoDevice } from './device.ts';

const NOW = new Date('2026-01-02T03:04:05Z');
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'direct-io-'));
  writeFileSync(join(root, 'meminfo'), 'MemTotal: 2048 kB\nMemAvailable: 512 kB\n');
  const zone = join(root, 'class/thermal/thermal_zone0');
  mkdirSync(zone, { recursive: true });
  writeFileSync(join(zone, 'temp'), '45550\n');
  writeFileSync(join(zone, 'type'), 'cpu\n');
});
afterEach(() => rmSync(root, { recursive: true }));

function device(config: Partial<DirectIoConfig> = {}, clock = () => NOW) {
  return new DirectIoDevice({
    metaTags: [],
    config: { load: true, memory: true, disk: [root], temperatures: true, ...config },
    pollMs: 2000,
    procDirectory: root,
    sysDirectory: root,
    clock,
  });
}

async function read(from: DirectIoDevice, types: readonly FieldType[] = []): Promise<Field[]> {
  const fields: Field[] = [];
  for await (const batch of from.read({ types, names: [] })) fields.push(...batch);
  return fields;
}

const named = (fields: readonly Field[], name: string) => fields.find((field) => field.name === name);

describe('this machine as a Thing', () => {
  it('has fields with units, digits, types and the time of the measurement', async () => {
    const started = device();
    // Long enough for the kernel's clocks to tick.
    await new Promise((resolve) => setTimeout(resolve, 150));
    const fields = await started.poll();
    expect(named(fields, 'Memory Usage')).toEqual({
      name: 'Memory Usage',
      value: { type: 'numeric', value: '75.0', unit: '%' },
      types: ['momentary'],
      qos: ['automaticReadout'],
      timestamp: NOW,
    });
    const numeric = (value: RegExp, unit: string) => ({
      type: 'numeric',
      value: expect.stringMatching(value) as string,
      unit,
    });
    expect(named(fields, 'Memory Used')?.value).toEqual(numeric(/^1\.5$/, 'MiB'));
    expect(named(fields, 'Memory Available')?.value).toEqual(numeric(/^0\.5$/, 'MiB'));
    expect(named(fields, 'Temperature cpu')?.value).toEqual(numeric(/^45\.[56]$/, '°C'));
    expect(named(fields, 'CPU Usage')?.value).toEqual(numeric(/^\d+\.\d$/, '%'));
    expect(named(fields, `Disk ${root} Usage`)?.value).toEqual(numeric(/^\d+\.\d$/, '%'));
    expect(named(fields, `Disk ${root} Free`)?.value).toEqual(numeric(/^\d+\.\d\d$/, 'GiB'));
    expect(named(fields, 'Uptime')).toMatchObject({ value: numeric(/^\d+$/, 's'), types: ['status'] });
    expect(new Set(fields.map(({ name }) => name)).size).toBe(fields.length);
  });

  it('does not make up the use of the CPU before it is known', async () => {
    vi.spyOn(os, 'cpus').mockReturnValue([]);
    syncBuiltinESMExports();
    onTestFinished(() => {
      vi.restoreAllMocks();
      syncBuiltinESMExports();
    });
    const fields = await device().poll();
    expect(named(fields, 'CPU Usage')).toBeUndefined();
    expect(named(fields, 'Memory Usage')).toBeDefined();
  });

  it('measures only what is configured', async () => {
    const fields = await device({ load: false, memory: false, disk: [], temperatures: false }).poll();
    expect(fields.map(({ name }) => name)).toEqual(['Uptime']);
  });

  it('says who it is only when it is asked', async () => {
    const identity = (fields: readonly Field[]) => fields.filter(({ types }) => types.includes('identity'));
    expect(identity(await device().poll())).toEqual([]);
    expect(identity(await read(device(), ['momentary']))).toEqual([]);
    expect(identity(await read(device())).map(({ name }) => name)).toEqual(['Host Name', 'Operating System', 'CPU']);
    expect(identity(await read(device(), ['identity'])).length).toBe(3);
  });

  it.each(['/nowhere/at/all', '/proc'])('misses the field of %s and no other', async (mountPoint) => {
    const fields = await device({ disk: [mountPoint, root] }).poll();
    expect(named(fields, `Disk ${mountPoint} Usage`)?.qos).toEqual(['missing']);
    expect(named(fields, `Disk ${root} Usage`)?.qos).toEqual(['automaticReadout']);
    expect(named(fields, 'Memory Usage')?.qos).toEqual(['automaticReadout']);
  });

  it('measures once for all who ask within a moment', async () => {
    let measured = 0;
    const asked = device({}, () => {
      measured++;
      return NOW;
    });
    const [first, second] = await Promise.all([asked.poll(), asked.poll(), read(asked, ['momentary'])]);
    expect(measured).toBe(1);
    expect(second).toBe(first);
    await new Promise((resolve) => setTimeout(resolve, 120));
    await asked.poll();
    expect(measured).toBe(2);
  });

  it('has one schedule and nothing to set', () => {
    expect(device().schedules).toEqual([{ name: 'sensors', intervalMs: 2000 }]);
    expect(device().parameters).toEqual([]);
    expect(device().parameterValue()).toBeUndefined();
  });
});
