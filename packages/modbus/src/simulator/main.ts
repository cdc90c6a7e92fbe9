/* The simulated plant as a process of its own: a Modbus TCP server with the tank's PLC (unit 1) and the pump's energy meter (unit 2), and a
   lamp (unit 3). */
import { ModbusTcpServer } from '../tcp-server.ts';
import { Lamp, lampUnit } from './lamp.ts';
import { meterUnit, tankUnit } from './plc.ts';
import { TankProcess } from './tank-process.ts';

const STEP_MS = 100;

const listen = process.argv[process.argv.indexOf('--listen') + 1] ?? '';
const match = /^(.+):(\d+)$/.exec(process.argv.includes('--listen') ? listen : '127.0.0.1:5020');
if (!match) {
  console.error(`--listen needs host:port such as 127.0.0.1:5020, got "${listen}"`);
  process.exit(2);
}
const [, shownHost = '', port = ''] = match;
// An IPv6 address is written in brackets, but listened on without.
const host = shownHost.replace(/^\[(.*)\]$/, '$1');

const tank = new TankProcess();
const server = new ModbusTcpServer(
  new Map([
    [1, tankUnit(tank)],
    [2, meterUnit(tank)],
    [3, lampUnit(new Lamp())],
  ]),
);
let last = performance.now();
setInterval(() => {
  const now = performance.now();
  // A machine that slept must not make the tank overflow in one step.
  tank.step(Math.min((now - last) / 1000, 1));
  last = now;
}, STEP_MS);

for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const) {
  process.on(event as NodeJS.Signals, () => {
    void server.close().finally(() => process.exit(0));
  });
}

try {
  const actual = await server.listen(Number(port), host);
  console.log(`plc ready modbus-tcp://${shownHost}:${actual}`);
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  const why = code === 'EADDRINUSE' ? 'the port is already in use by another program' : message;
  console.error(`the simulated PLC can't listen on ${shownHost}:${port}: ${why}`);
  process.exit(1);
}
