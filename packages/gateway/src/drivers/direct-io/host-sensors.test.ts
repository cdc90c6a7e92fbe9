import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { freemem, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCpuTimes, readDisk, readIdentity, readMemory, readTemperatures } from './host-sensors.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'host-sensors-'));
});
afterEach(() => rmSync(root, { recursive: true }));

/** Files as the kernel has them, by path under the root. */
async function files(contents: Readonly<Record<string, string>>): Promise<string> {
  for (const [path, text] of Object.entries(contents)) {
    const file = join(root, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  return root;
}

describe('memory', () => {
  it('is what the kernel says can be had', async () => {
    const meminfo = 'MemTotal:        2048000 kB\nMemFree:          100000 kB\nMemAvailable:    1024000 kB\n';
    expect(await readMemory(await files({ meminfo }))).toEqual({ total: 2048000 * 1024, available: 1024000 * 1024 });
  });

  it.each([
    ['there is no meminfo', {}],
    ['an old kernel does not say what can be had', { meminfo: 'MemTotal: 2048000 kB\nMemFree: 100000 kB\n' }],
  ])('is what the system calls free when %s', async (_, contents) => {
    const { total, available } = await readMemory(await files(contents as Record<string, string>));
    expect(total).toBe(totalmem());
    expect(Math.abs(available - freemem())).toBeLessThan(totalmem() / 4);
  });
});

describe('temperatures', () => {
  it('come from thermal zones and hardware monitors, in the order of their numbers', async () => {
    const sys = await files({
      'class/thermal/thermal_zone10/temp': '30000\n',
      'class/thermal/thermal_zone10/type': 'gpu\n',
      'class/thermal/thermal_zone2/temp': '45500\n',
      'class/thermal/thermal_zone2/type': 'x86_pkg_temp\n',
      'class/thermal/cooling_device0/type': 'Processor\n',
      'class/hwmon/hwmon0/name': 'nvme\n',
      'class/hwmon/hwmon0/temp1_input': '-1850\n',
      'class/hwmon/hwmon0/temp1_label': 'Composite\n',
      'class/hwmon/hwmon0/temp2_input': '38000\n',
      'class/hwmon/hwmon0/fan1_input': '1200\n',
    });
    expect(await readTemperatures(sys)).toEqual([
      { label: 'x86_pkg_temp', celsius: 45.5 },
      { label: 'gpu', celsius: 30 },
      { label: 'nvme Composite', celsius: -1.85 },
      { label: 'nvme', celsius: 38 },
    ]);
  });

  it('leave out sensors that cannot be read now', async () => {
    const sys = await files({
      'class/thermal/thermal_zone0/type': 'asleep\n',
      'class/thermal/thermal_zone1/temp': '\n',
      'class/thermal/thermal_zone2/temp': 'N/A\n',
      'class/thermal/thermal_zone3/temp/is': 'a directory',
      'class/thermal/thermal_zone4/temp': '20000\n',
    });
    expect(await readTemperatures(sys)).toEqual([{ label: 'thermal zone 4', celsius: 20 }]);
  });

  it('keep their names when another of the same label falls asleep', async () => {
    const drive = (n: number, temperature: string) => ({
      [`class/hwmon/hwmon${n}/name`]: 'nvme',
      [`class/hwmon/hwmon${n}/temp1_input`]: temperature,
    });
    const both = await readTemperatures(await files({ ...drive(0, '41000'), ...drive(1, '55000') }));
    expect(both).toEqual([
      { label: 'nvme', celsius: 41 },
      { label: 'nvme 2', celsius: 55 },
    ]);
    expect(await readTemperatures(await files(drive(0, '')))).toEqual([{ label: 'nvme 2', celsius: 55 }]);
  });

  it('of equal labels are numbered so that all differ', async () => {
    const sys = await files({
      'class/thermal/thermal_zone0/temp': '1000',
      'class/thermal/thermal_zone0/type': 'acpitz 2',
      'class/thermal/thermal_zone1/temp': '2000',
      'class/thermal/thermal_zone1/type': 'acpitz',
      'class/thermal/thermal_zone2/temp': '3000',
      'class/thermal/thermal_zone2/type': 'acpitz',
      'class/hwmon/hwmon0/temp1_input': '4000',
    });
    const labels = (await readTemperatures(sys)).map(({ label }) => label);
    expect(labels).toEqual(['acpitz 2', 'acpitz', 'acpitz 3', 'hwmon']);
  });

  it('are none where the kernel has none', async () => {
    expect(await readTemperatures(root)).toEqual([]);
  });
});

describe('the rest', () => {
  it('is what the system says', async () => {
    const disk = await readDisk(root);
    expect(disk.total).toBeGreaterThan(0);
    expect(disk.used + disk.available).toBeLessThanOrEqual(disk.total);
    await expect(readDisk(join(root, 'nowhere'))).rejects.toMatchObject({ code: 'ENOENT' });
    const cpu = readCpuTimes();
    expect(cpu.idle).toBeLessThanOrEqual(cpu.total);
    expect(readIdentity()).toMatchObject({ hostName: expect.stringMatching(/./), cpus: expect.any(Number) });
  });

  it.runIf(process.platform === 'linux')('refuses a file system without a size', async () => {
    await expect(readDisk('/proc')).rejects.toThrow('/proc has no size');
  });
});
