/* The TIM of a simulated boiler as a process of its own, behind a TCP port. */
import { TimServer } from '../tim/tim-server.ts';
import { boilerTim } from './boiler.ts';

const STEP_MS = 100;

const listen = process.argv[process.argv.indexOf('--listen') + 1] ?? '';
const match = /^(.+):(\d+)$/.exec(process.argv.includes('--listen') ? listen : '127.0.0.1:1451');
if (!match) {
  console.error(`--listen needs host:port such as 127.0.0.1:1451, got "${listen}"`);
  process.exit(2);
}
const [, shownHost = '', port = ''] = match;
// An IPv6 address is written in brackets, but listened on without.
const host = shownHost.replace(/^\[(.*)\]$/, '$1');

const tim = boilerTim({ clock: () => performance.now() / 1000 });
const server = new TimServer(tim);
setInterval(() => tim.step(), STEP_MS);

for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const) {
  process.on(event as NodeJS.Signals, () => {
    void server.close().finally(() => process.exit(0));
  });
}

try {
  const actual = await server.listen(Number(port), host);
  console.log(`tim ready ieee1451-tcp://${shownHost}:${actual}`);
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  const why = code === 'EADDRINUSE' ? 'the port is already in use by another program' : message;
  console.error(`the simulated TIM can't listen on ${shownHost}:${port}: ${why}`);
  process.exit(1);
}
