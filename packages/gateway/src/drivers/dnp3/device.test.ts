import { Dnp3Master, Dnp3TcpServer } from '@thingward/dnp3';
import { Substation, SubstationProcess } from '@thingward/dnp3/simulator';
import { ControlUnknownError, type Field, type ParameterValue, type ReadoutSelection } from '@thingward/things';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { z } from 'zod';
import { dnp3ConfigSchema } from './config.ts';
import { Dnp3Connections } from './connections.ts';
import { Dnp3Device } from './device.ts';

const NEVER = new AbortController().signal;

const POINTS: z.input<typeof dnp3ConfigSchema>['points'] = [
  { name: 'Voltage', kind: 'analog', index: 0, unit: 'V', decimals: 1 },
  { name: 'Load', kind: 'analog', index: 2, unit: 'W', scale: 1000 },
  { name: 'Energy', kind: 'counter', index: 0, unit: 'kWh', scale: 0.001 },
  { name: 'Door', kind: 'binary', index: 3, types: ['status'] },
  { name: 'Position', kind: 'double-bit', index: 0, types: ['status'] },
  { name: 'Breaker', kind: 'binary-output', index: 0, writable: { operation: 'trip-close' } },
  { name: 'Fan', kind: 'binary-output', index: 1, writable: { command: 'direct' } },
  { name: 'Voltage set-point', kind: 'analog-output', index: 0, unit: 'V', writable: { min: 300, max: 500 } },
  { name: 'Last operation', kind: 'octet-string', index: 0, types: ['status'] },
  { name: 'Absent', kind: 'analog', index: 99 },
];

/** The simulated substation behind a driver. Its time stands still. */
async function device(options: Partial<z.input<typeof dnp3ConfigSchema>> = {}) {
  const process = new SubstationProcess(() => 0.5);
  const plant = new Substation(process, { unsolicitedHoldMs: 10, confirmTimeoutMs: 300 });
  const server = new Dnp3TcpServer([plant.outstation]);
  const port = await server.listen(0);
  const connections = new Dnp3Connections();
  const config = dnp3ConfigSchema.parse({ host: '127.0.0.1', port, timeoutMs: 500, points: POINTS, ...options });
  const source = connections.to(config);
  const driver = new Dnp3Device({
    metaTags: [{ name: 'SN', type: 'str', value: '1' }],
    config,
    points: config.points,
    source,
  });
  const told: Field[] = [];
  driver.watch((fields) => told.push(...fields));
  onTestFinished(async () => {
    driver.close();
    await connections.closeAll();
    await server.close();
  });
  await vi.waitUntil(() => source.isOnline);
  return { process, plant, server, connections, source, driver, told, config, port };
}

async function read(driver: Dnp3Device, selection: Partial<ReadoutSelection> = {}): Promise<readonly Field[]> {
  const fields: Field[] = [];
  for await (const batch of driver.read({ types: [], names: [], ...selection } as ReadoutSelection))
    fields.push(...batch);
  return fields;
}

const set = (driver: Dnp3Device, name: string, value: ParameterValue) => driver.set(new Map([[name, value]]), NEVER);
const valueIn = (fields: readonly Field[], name: string) => fields.findLast((one) => one.name === name)?.value;

describe('an outstation as a Thing', () => {
  it('gives its points as fields, with units, digits and states', async () => {
    const { driver, process, plant } = await device();
    for (let i = 0; i < 100; i++) process.step(0.1);
    plant.scan();
    const fields = await read(driver);
    expect(fields.map(({ name }) => name)).toEqual([
      'Serial Number',
      ...(POINTS ?? []).map(({ name }) => name).filter((name) => name !== 'Absent'),
      'Connected',
    ]);
    expect(valueIn(fields, 'Voltage')).toMatchObject({
      type: 'numeric',
      value: expect.stringMatching(/^\d{3}\.\d$/),
      unit: 'V',
    });
    expect(valueIn(fields, 'Load')).toMatchObject({ value: expect.stringMatching(/^\d{5,6}(\.\d{1,4})?$/), unit: 'W' });
    expect(valueIn(fields, 'Energy')).toMatchObject({ value: expect.stringMatching(/^0\.\d{1,3}$/) });
    expect(valueIn(fields, 'Door')).toEqual({ type: 'boolean', value: false });
    expect(valueIn(fields, 'Position')).toMatchObject({ type: 'enum', value: 'on' });
    expect(valueIn(fields, 'Last operation')).toEqual({ type: 'string', value: 'started' });
    expect((await read(driver, { names: ['Door'], types: ['status'] })).map(({ name }) => name)).toEqual(['Door']);
    expect((await driver.poll()).map(({ name }) => name)).toContain('Energy');
  });

  it('tells of changes at once, with the time of the outstation', async () => {
    const { process, plant, told } = await device();
    expect(told.map(({ name }) => name)).toContain('Voltage');
    told.length = 0;
    const before = Date.now();
    process.inputs.doorOpen = true;
    plant.scan();
    await vi.waitFor(() => expect(told).toHaveLength(1));
    expect(told[0]).toMatchObject({ name: 'Door', value: { type: 'boolean', value: true }, qos: ['automaticReadout'] });
    expect(told[0]?.timestamp.getTime()).toBeGreaterThanOrEqual(before);
    plant.outstation.database.update('binary', 3, { value: 1, flags: 0x04 });
    await vi.waitFor(() => expect(told.at(-1)?.qos).toEqual(['missing']));
    plant.outstation.database.update('analog', 0, { value: 400, flags: 0x29 });
    await vi.waitFor(() => expect(told.at(-1)).toMatchObject({ name: 'Voltage', qos: ['manualEstimate', 'warning'] }));
  });

  it('is operated: selected first or directly, by pulses, latches and set-points', async () => {
    const { driver, process } = await device();
    await set(driver, 'Breaker', { type: 'boolean', value: false });
    expect(process.inputs.breakerClosed).toBe(false);
    await set(driver, 'Fan', { type: 'boolean', value: true });
    expect(process.inputs.fanOn).toBe(true);
    await set(driver, 'Voltage set-point', { type: 'double', value: '405.5' });
    expect(process.inputs.voltageSetpoint).toBe(405.5);
    const wanted = new Map<string, ParameterValue>([
      ['Breaker', { type: 'boolean', value: false }],
      ['Fan', { type: 'boolean', value: false }],
      ['Voltage set-point', { type: 'double', value: '405.5' }],
    ]);
    expect(await driver.confirm(wanted)).toEqual(['Breaker', 'Voltage set-point']);
    expect(await driver.readParameters(['Fan'])).toEqual(new Map([['Fan', { type: 'boolean', value: true }]]));
    expect(driver.parameterValue('Voltage set-point')).toEqual({ type: 'double', value: '405.5' });
    expect(driver.parameters.map(({ name, type }) => [name, type])).toEqual([
      ['Breaker', 'boolean'],
      ['Fan', 'boolean'],
      ['Voltage set-point', 'double'],
    ]);
  });

  it('says why a command was refused, and when its outcome is unknown', async () => {
    const { driver, process, server } = await device();
    await expect(set(driver, 'Nothing', { type: 'boolean', value: true })).rejects.toMatchObject({
      code: 'unknown-parameter',
    });
    await expect(set(driver, 'Voltage set-point', { type: 'double', value: '450' })).rejects.toMatchObject({
      code: 'rejected-by-device',
      message: 'the outstation did not take it: output 0: out of range',
    });
    process.inputs.localMode = true;
    const both = new Map<string, ParameterValue>([['Fan', { type: 'boolean', value: true }]]);
    await expect(driver.set(both, NEVER)).rejects.toThrow('output 1: local');
    vi.spyOn(Dnp3Master.prototype, 'directOperate').mockImplementationOnce(function (
      this: Dnp3Master,
      commands,
      options,
    ) {
      const outcome = this.request(5, [], { ...options, timeoutMs: 5 }).then(() => undefined);
      expect(commands).toHaveLength(1);
      void server.close();
      return outcome;
    });
    await expect(driver.set(both, NEVER)).rejects.toThrow(ControlUnknownError);
  });

  it('says when the outstation does not answer, and when it does again', async () => {
    const { driver, told, server, port, source } = await device();
    await server.close();
    await vi.waitFor(() => expect(valueIn(told, 'Connected')).toEqual({ type: 'boolean', value: false }));
    expect((await driver.poll()).map(({ name }) => name)).toEqual(['Connected']);
    await expect(read(driver)).rejects.toThrow(/DNP3 outstation 10 at 127\.0\.0\.1:\d+ can't be read/);
    await server.listen(port);
    await vi.waitUntil(() => source.isOnline, 5000);
    expect(valueIn(told, 'Connected')).toEqual({ type: 'boolean', value: true });
    expect((await read(driver)).length).toBeGreaterThan(8);
  });
});
