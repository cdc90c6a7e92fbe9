import { expect, it, onTestFinished, vi } from 'vitest';
import { plant } from '../../../test/modbus-unit.ts';
import { modbusConfigSchema } from './config.ts';
import { ModbusConnections } from './connections.ts';

it('shares one connection between the units behind a host and port, and closes them all', async () => {
  const [first, second] = [await plant(), await plant()];
  const connections = new ModbusConnections();
  onTestFinished(() => connections.closeAll());
  const points = [{ name: 'Level', table: 'input-register', address: 0, type: 'uint16' }];
  const to = (port: number, unit: number) =>
    connections.to(modbusConfigSchema.parse({ host: '127.0.0.1', port, unit, points }));
  const client = to(first.port, 1);
  expect(to(first.port, 2)).toBe(client);
  const other = to(second.port, 1);
  expect(other).not.toBe(client);
  await vi.waitFor(() => expect([client.state, other.state]).toEqual(['connected', 'connected']));
  connections.closeAll();
  expect([client.state, other.state]).toEqual(['closed', 'closed']);
});
