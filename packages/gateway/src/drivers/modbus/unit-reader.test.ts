import { expect, it } from 'vitest';
import { connect, registers, serve, unit } from '../../../test/modbus-unit.ts';
import { modbusConfigSchema } from './config.ts';
import { UnitReader } from './unit-reader.ts';

it('finds a gap in two read-outs at the same time, and still reads everything afterwards', async () => {
  const contents = new Map([
    [0, 1],
    [4, 2],
    [100, 3],
  ]);
  const { port } = await serve(new Map([[1, unit(registers(contents))]]));
  const { client, sent } = await connect(port);
  const points = [...contents.keys()].map((address) => ({
    name: `at ${address}`,
    table: 'holding-register',
    address,
    type: 'uint16',
  }));
  const config = modbusConfigSchema.parse({ host: '127.0.0.1', port, points });
  const reader = new UnitReader(client, config, () => new Date());
  const values = async () =>
    (await reader.read(config.points)).readings.map(({ value }) => value?.kind === 'number' && value.text);
  expect(await Promise.all([values(), values()])).toEqual([
    ['1', '2', '3'],
    ['1', '2', '3'],
  ]);
  const before = sent().length;
  expect(await values()).toEqual(['1', '2', '3']);
  expect(sent().length).toBe(before + 3);
});
