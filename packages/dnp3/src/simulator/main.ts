/* The simulated substation as a process of its own: an outstation with the address 10 behind a TCP port. */
import { Dnp3TcpServer } from '../outstation/index.ts';
import { Substation } from './substation.ts';
import { SubstationProcess } from './substation-process.ts';

const STEP_MS = 100;

const listen = process.argv[process.argv.indexOf('--listen') + 1] ?? '';
const match = /^(.+):(\d+)$/.exec(process.argv.includes('--listen') ? listen : '127.0.0.1:20000');
if (!match) {
  console.error(`--listen needs host:port such as 127.0.0.1:20000, got "${listen}"`);
  process.exit(2);
}
const [, shownHost = '', port = ''] = match;
// An IPv6 address is written in brackets, but listened on without.
const host = shownHost.replace(/^\[(.*)\]$/, '$1');

const plant = new SubstationProcess();
const substation = new Substation(plant);
const server = new Dnp3TcpServer([substation.outstation]);
let last = performance.now();
setInterval(() => {
  const now = performance.now();
  // A machine that slept must not let the substation age in one step.
  plant.step(Math.min((now - last) / 1000, 1));
  substation.scan();
  last = now;
}, STEP_MS);

for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const) {
  process.on(event as NodeJS.Signals, () => {
    void server.close().finally(() => process.exit(0));
  });
}

try {
  const actual = await server.listen(Number(port), host);
  console.log(`outstation ready dnp3-tcp://${shownHost}:${actual}`);
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  const why = code === 'EADDRINUSE' ? 'the port is already in use by another program' : message;
  console.error(`the simulated outstation can't listen on ${shownHost}:${port}: ${why}`);
  process.exit(1);
}
