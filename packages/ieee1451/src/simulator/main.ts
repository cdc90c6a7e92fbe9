/* The TIM of a simulated boiler as a process of its own. */
import { parseArgs } from 'node:util';
import { Ieee1451Error } from '../error.ts';
import { SerialTimLink } from '../tim/serial-tim.ts';
import { TimDialler } from '../tim/tim-dialler.ts';
import { TimEnd } from '../tim/tim-end.ts';
import { TimServer } from '../tim/tim-server.ts';
import { BOILER_UUID, boilerTim } from './boiler.ts';
import { openTerminal } from './terminal.ts';

const STEP_MS = 100;

const { values } = parseArgs({
  options: {
    /** Waits for NCAPs at this address. */
    listen: { type: 'string' },
    /** Connects to the NCAP at this address. */
    connect: { type: 'string' },
    /** Says hello to this address until an NCAP answers. */
    udp: { type: 'string' },
    /** Answers on this serial line, which is set up already. */
    serial: { type: 'string' },
    /** On the serial line. */
    address: { type: 'string', default: '1' },
    uuid: { type: 'string', default: BOILER_UUID },
  },
});

const stops: (() => unknown)[] = [];
for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const) {
  process.on(event as NodeJS.Signals, () => {
    void Promise.all(stops.map((stop) => stop())).finally(() => process.exit(0));
  });
}

try {
  const tim = boilerTim({ clock: () => performance.now() / 1000, uuid: values.uuid });
  setInterval(() => tim.step(), STEP_MS);
  if (values.serial !== undefined) {
    const link = new SerialTimLink(openTerminal(values.serial), Number(values.address));
    new TimEnd({ tim, uuid: tim.uuid, link });
    link.once('close', (reason) => fail(`the line ${values.serial} has ended: ${reason}`));
    console.log(`tim ready ${values.serial} address ${values.address}`);
  } else if (values.connect ?? values.udp) {
    const over = values.connect === undefined ? 'udp' : 'tcp';
    const { host, port } = addressOf(
      values.connect === undefined ? '--udp' : '--connect',
      values.connect ?? values.udp,
    );
    const dialler = new TimDialler({ tim, host, port, over });
    stops.push(() => dialler.stop());
    await dialler.start();
    console.log(`tim ready for ieee1451-${over}://${values.connect ?? values.udp}`);
  } else {
    const { host, shown, port } = addressOf('--listen', values.listen ?? '127.0.0.1:1451');
    const server = new TimServer(tim);
    stops.push(() => server.close());
    const actual = await server.listen(port, host).catch((error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'the port is already in use by another program' : error.message;
      return fail(`the simulated TIM can't listen on ${shown}:${port}: ${why}`);
    });
    console.log(`tim ready ieee1451-tcp://${shown}:${actual}`);
  }
} catch (error) {
  if (!(error instanceof Ieee1451Error || (error as NodeJS.ErrnoException).code)) throw error;
  fail(`the simulated TIM can't be started: ${(error as Error).message}`);
}

function addressOf(option: string, text = '') {
  const match = /^(.+):(\d{1,5})$/.exec(text);
  if (!match) return fail(`${option} needs host:port such as 127.0.0.1:1451, got "${text}"`, 2);
  const [, shown = '', port = ''] = match;
  // An IPv6 address is written in brackets, but listened on without.
  return { shown, host: shown.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}

function fail(message: string, code = 1): never {
  console.error(message);
  process.exit(code);
}
