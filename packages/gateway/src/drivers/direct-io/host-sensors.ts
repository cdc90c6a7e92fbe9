import { readdir, readFile, statfs } from 'node:fs/promises';
import { cpus, freemem, hostname, loadavg, release, totalmem, type, uptime } from 'node:os';
import { join } from 'node:path';

/** Seconds spent by all CPUs, idle and in all, since the start of the machine. */
export interface CpuTimes {
  readonly idle: number;
  readonly total: number;
}

/** Octets. */
export interface MemoryUse {
  readonly total: number;
  readonly available: number;
}

/** Octets. */
export interface DiskUse {
  readonly total: number;
  readonly available: number;
  readonly used: number;
}

export interface Temperature {
  readonly label: string;
  /** °C */
  readonly celsius: number;
}

const CPU_TICKS_PER_SECOND = 1000;

export function readCpuTimes(): CpuTimes {
  let idle = 0;
  let total = 0;
  for (const { times } of cpus()) {
    idle += times.idle;
    total += times.user + times.nice + times.sys + times.irq + times.idle;
  }
  return { idle: idle / CPU_TICKS_PER_SECOND, total: total / CPU_TICKS_PER_SECOND };
}

/** Averages of runnable processes over 1, 5 and 15 minutes; undefined where the system does not keep them (Windows). */
export function readLoad(): readonly number[] | undefined {
  return process.platform === 'win32' ? undefined : loadavg();
}

/** From the kernel where it tells what can really be had; else what the system calls free. @param procDirectory normally /proc */
export async function readMemory(procDirectory = '/proc'): Promise<MemoryUse> {
  const text = await readFile(join(procDirectory, 'meminfo'), 'utf8').catch(() => '');
  const kibibytes = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]);
  const total = kibibytes('MemTotal') * 1024;
  const available = kibibytes('MemAvailable') * 1024;
  return Number.isFinite(total) && Number.isFinite(available)
    ? { total, available }
    : { total: totalmem(), available: freemem() };
}

/** @throws the system's error for a path that does not exist, an error for a file system without a size such as /proc */
export async function readDisk(mountPoint: string): Promise<DiskUse> {
  const { blocks, bavail, bfree, bsize } = await statfs(mountPoint);
  if (blocks === 0) throw new Error(`${mountPoint} has no size`);
  return { total: blocks * bsize, available: bavail * bsize, used: (blocks - bfree) * bsize };
}

/** Every temperature the kernel has: thermal zones and hardware monitors. @param sysDirectory normally /sys */
export async function readTemperatures(sysDirectory = '/sys'): Promise<readonly Temperature[]> {
  const zones = await list(join(sysDirectory, 'class/thermal'), /^thermal_zone\d+$/);
  const found: { readonly label: string; readonly celsius: number | undefined }[] = [];
  for (const zone of zones) {
    const celsius = await milli(join(zone, 'temp'));
    found.push({ label: (await line(join(zone, 'type'))) ?? 'thermal zone', celsius });
  }
  for (const monitor of await list(join(sysDirectory, 'class/hwmon'), /^hwmon\d+$/)) {
    const name = (await line(join(monitor, 'name'))) ?? 'hwmon';
    for (const input of await list(monitor, /^temp\d+_input$/)) {
      const celsius = await milli(input);
      const label = (await line(input.replace(/_input$/, '_label'))) ?? '';
      found.push({ label: `${name} ${label}`.trim(), celsius });
    }
  }
  // Named before those that can't be read are left out: else a sensor that falls asleep would give its name to the next.
  return distinct(found).flatMap(({ label, celsius }) => (celsius === undefined ? [] : [{ label, celsius }]));
}

/** What does not change while the machine runs. */
export function readIdentity(): { hostName: string; system: string; kernel: string; cpu: string; cpus: number } {
  const all = cpus();
  return {
    hostName: hostname(),
    system: type(),
    kernel: release(),
    cpu: all[0]?.model.trim() ?? 'unknown',
    cpus: all.length,
  };
}

/** s */
export function readUptime(): number {
  return uptime();
}

async function list(directory: string, pattern: RegExp): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  return names
    .filter((name) => pattern.test(name))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .map((name) => join(directory, name));
}

async function line(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text?.trim() || undefined;
}

/** A value in thousandths; undefined when the sensor can't be read now, which is usual for sleeping hardware. */
async function milli(file: string): Promise<number | undefined> {
  const text = await line(file);
  const value = Number(text);
  return text !== undefined && Number.isFinite(value) ? value / 1000 : undefined;
}

/** Field names must differ: sensors with the same label are numbered. */
function distinct<Sensor extends { readonly label: string }>(sensors: readonly Sensor[]): readonly Sensor[] {
  const taken = new Set<string>();
  return sensors.map((sensor) => {
    let { label } = sensor;
    for (let count = 2; taken.has(label); count++) label = `${sensor.label} ${count}`;
    taken.add(label);
    return { ...sensor, label };
  });
}
