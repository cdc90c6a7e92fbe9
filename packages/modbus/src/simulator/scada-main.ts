/* A control room as a process of its own: reads the tank's level each second over Modbus TCP, and now and then tries to switch the pump,
   which it may not. It says what it is answered. */
import { ModbusException } from '../error.ts';
import { ModbusTcpClient } from '../tcp-client.ts';

const READ_MS = 1000;

const argument = (name: string, standard: string) => {
  const at = process.argv.indexOf(name);
  return at === -1 ? standard : (process.argv[at + 1] ?? '');
};
const match = /^(.+):(\d+)$/.exec(argument('--connect', '127.0.0.1:5021'));
const attemptMs = Number(argument('--attempt', '20')) * 1000;
if (!match || !(attemptMs > 0)) {
  console.error('usage: scada-main --connect host:port [--attempt seconds]');
  process.exit(2);
}
const client = new ModbusTcpClient({ host: match[1] as string, port: Number(match[2]), timeoutMs: 5000 });
client.open();

/** Says what became of a request when that is something new. */
let said = '';
function say(text: string): void {
  if (text !== said) console.log(text);
  said = text;
}

async function attempt(what: string, request: Parameters<ModbusTcpClient['request']>[1]): Promise<void> {
  try {
    await client.request(1, request);
    say(`scada: ${what} done`);
  } catch (error) {
    say(`scada: ${what}: ${error instanceof ModbusException ? error.message : (error as Error).message}`);
  }
}

const timers = [
  setInterval(() => void attempt('read level', { kind: 'read-input-registers', address: 0, quantity: 10 }), READ_MS),
  setInterval(() => void attempt('switch pump', { kind: 'write-single-coil', address: 1, value: true }), attemptMs),
];
for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const) {
  process.on(event as NodeJS.Signals, () => {
    for (const timer of timers) clearInterval(timer);
    client.close();
    process.exit(0);
  });
}
console.log(`scada ready modbus-tcp://${match[1]}:${match[2]}`);
