import type { Field, MetaTag, NodeReference, ReadoutSelection } from '@thingward/things';
import type { DirectIoConfig } from '../../config.ts';
import type { Device, PollSchedule } from '../device.ts';
import { field, numeric, text } from '../fields.ts';
import { identityFields } from '../identity.ts';
import { freshMs, SharedRead } from '../shared-read.ts';
import {
  type CpuTimes,
  readCpuTimes,
  readDisk,
  readIdentity,
  readLoad,
  readMemory,
  readTemperatures,
  readUptime,
} from './host-sensors.ts';

const MEBIBYTE = 2 ** 20;
const GIBIBYTE = 2 ** 30;

export interface DirectIoOptions {
  readonly node?: NodeReference | undefined;
  readonly parent?: NodeReference | undefined;
  readonly metaTags: readonly MetaTag[];
  readonly config: DirectIoConfig;
  readonly pollMs: number;
  /** Where the kernel's files are; for tests. */
  readonly procDirectory?: string;
  readonly sysDirectory?: string;
  readonly clock?: () => Date;
}

/** This machine's own sensors as a Thing (P21451-1-4: direct I/O). */
export class DirectIoDevice implements Device {
  readonly node: NodeReference | undefined;
  readonly parent: NodeReference | undefined;
  readonly metaTags: readonly MetaTag[];
  readonly parameters = [];
  readonly schedules: readonly PollSchedule[];
  readonly #options: DirectIoOptions;
  readonly #clock: () => Date;
  #cpu: CpuTimes = readCpuTimes();
  #cpuUsage: number | undefined;
  readonly #latest: SharedRead<readonly Field[]>;

  constructor(options: DirectIoOptions) {
    this.#options = options;
    this.#clock = options.clock ?? (() => new Date());
    this.node = options.node;
    this.parent = options.parent;
    this.metaTags = options.metaTags;
    this.#latest = new SharedRead(() => this.#measure(), freshMs(options.pollMs));
    this.schedules = [{ name: 'sensors', intervalMs: options.pollMs }];
  }

  async *read({ types }: ReadoutSelection): AsyncGenerator<readonly Field[]> {
    if (types.length === 0 || types.includes('identity')) yield this.#identity();
    yield await this.#latest.get();
  }

  parameterValue(): undefined {
    return undefined;
  }

  async set(): Promise<void> {}

  poll(): Promise<readonly Field[]> {
    return this.#latest.get();
  }

  close(): void {}

  async #measure(): Promise<readonly Field[]> {
    const { load, memory, disk, temperatures } = this.#options.config;
    const at = this.#clock();
    const parts = await Promise.all([
      load ? this.#load(at) : [],
      memory ? this.#memory(at) : [],
      ...disk.map((mountPoint) => this.#disk(mountPoint, at)),
      temperatures ? this.#temperatures(at) : [],
    ]);
    return [...parts.flat(), field('Uptime', numeric(readUptime(), 's', 0), at, { types: ['status'] })];
  }

  #load(at: Date): Field[] {
    const now = readCpuTimes();
    const total = now.total - this.#cpu.total;
    // The clocks of the kernel tick: over too short a time there is nothing to divide by.
    if (total > 0.05) {
      this.#cpuUsage = 100 * (1 - (now.idle - this.#cpu.idle) / total);
      this.#cpu = now;
    }
    const averages =
      readLoad()?.map((value, i) => field(`Load, ${[1, 5, 15][i]} min`, numeric(value, '', 2), at)) ?? [];
    // Just after the start it is not known yet.
    if (this.#cpuUsage === undefined) return averages;
    return [field('CPU Usage', numeric(Math.min(100, Math.max(0, this.#cpuUsage)), '%', 1), at), ...averages];
  }

  async #memory(at: Date): Promise<Field[]> {
    const { total, available } = await readMemory(this.#options.procDirectory);
    const used = total - available;
    return [
      field('Memory Usage', numeric((100 * used) / total, '%', 1), at),
      field('Memory Used', numeric(used / MEBIBYTE, 'MiB', 1), at),
      field('Memory Available', numeric(available / MEBIBYTE, 'MiB', 1), at),
    ];
  }

  async #disk(mountPoint: string, at: Date): Promise<Field[]> {
    try {
      const { total, available, used } = await readDisk(mountPoint);
      return [
        field(`Disk ${mountPoint} Usage`, numeric((100 * used) / (used + available || total), '%', 1), at),
        field(`Disk ${mountPoint} Free`, numeric(available / GIBIBYTE, 'GiB', 2), at),
      ];
    } catch {
      // An unmounted disk, or none: its fields say that they are missing, the other sensors go on.
      const missing = field(`Disk ${mountPoint} Usage`, numeric(0, '%', 0), at);
      return [{ ...missing, qos: ['missing'] }];
    }
  }

  async #temperatures(at: Date): Promise<Field[]> {
    const sensors = await readTemperatures(this.#options.sysDirectory);
    return sensors.map(({ label, celsius }) => field(`Temperature ${label}`, numeric(celsius, '°C', 1), at));
  }

  #identity(): Field[] {
    const { hostName, system, kernel, cpu, cpus } = readIdentity();
    const at = this.#clock();
    const identity = (name: string, value: string) => field(name, text(value), at, { types: ['identity'] });
    return [
      ...identityFields(this.metaTags, at),
      identity('Host Name', hostName),
      identity('Operating System', `${system} ${kernel}`),
      identity('CPU', `${cpus} x ${cpu}`),
    ];
  }
}
