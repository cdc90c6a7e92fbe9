import { ModbusTcpServer } from '@thingward/modbus';
import { TankProcess, tankUnit } from '@thingward/modbus/simulator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasPythonPackage, runPeer } from './python.ts';

describe.skipIf(!hasPythonPackage('pymodbus'))('pymodbus (skipped unless the Python package pymodbus is there)', () => {
  const process = new TankProcess();
  const server = new ModbusTcpServer(new Map([[1, tankUnit(process)]]));
  let port = 0;

  beforeAll(async () => {
    port = await server.listen(0);
  });
  afterAll(() => server.close());

  it('reads and writes the simulated PLC', async () => {
    const seen = await runPeer('pymodbus_client.py', ['127.0.0.1', String(port)]);
    expect(seen).toEqual({
      level: [500, expect.any(Number)],
      coils: [true, false, true],
      written: true,
      after: [false],
      refused: 3,
      absent: 2,
    });
    expect(process.inputs.inletValveOpen).toBe(false);
  });
});
