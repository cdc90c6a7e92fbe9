import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import {
  decodeSamples,
  encodeSamples,
  formatHex,
  Ieee1451Error,
  type Sample,
  sampleDefinition,
  tedsClassCode,
  tedsValue,
} from '@thingward/ieee1451';
import { TimClient } from '@thingward/ieee1451/tim';
import type {
  ChannelReading,
  NcapChannel,
  NcapTim,
  TransducerEvents,
  TransducerServices,
} from '../../packages/gateway/src/ncap/transducer-services.ts';

export const SIMULATOR = fileURLToPath(new URL('../../packages/ieee1451/dist/simulator/main.js', import.meta.url));
const [META = 0, CHANNEL = 0, NAME = 0] = ['meta', 'transducer-channel', 'transducer-name'].map(tedsClassCode);
const KINDS = ['sensor', 'actuator', 'event-sensor'] as const;

/** The simulated TIM of a boiler, a process of its own that can be plugged in and out, and its NCAP. */
export class BoilerNcap extends EventEmitter<TransducerEvents> implements TransducerServices {
  readonly id = '6e636170-0000-4000-8000-0000000000b1';
  readonly name = 'Boiler house';
  #process: ChildProcess | undefined;
  #client: TimClient | undefined;
  #tim: NcapTim | undefined;

  get tims(): readonly NcapTim[] {
    return this.#tim ? [this.#tim] : [];
  }

  /** Starts the TIM and connects to it. */
  async plug(): Promise<void> {
    const child = spawn(process.execPath, [SIMULATOR, '--listen', '127.0.0.1:0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#process = child;
    const [line] = (await once(child.stdout, 'data', { signal: AbortSignal.timeout(20_000) })) as [Buffer];
    const port = Number(/:(\d+)\s*$/.exec(line.toString())?.[1]);
    const client = await TimClient.connect({ host: '127.0.0.1', port });
    this.#client = client;
    client.once('close', () => this.#lost());
    this.#tim = await describe(client);
    for (const { number } of this.#tim.channels) await client.request(number, 'operate');
    this.emit('joined', this.#tim);
  }

  /** Takes its power away. */
  async unplug(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async read(_tim: string, channel: number): Promise<ChannelReading> {
    const definition = await this.#definition(channel);
    const octets = await this.#connected().readDataSet(channel, definition.octets);
    return { samples: decodeSamples(octets, definition), time: new Date() };
  }

  async write(_tim: string, channel: number, samples: readonly Sample[]): Promise<void> {
    const octets = encodeSamples(samples, await this.#definition(channel));
    await this.#connected().request(channel, 'write-data-set-segment', { offset: 0, octets: formatHex(octets) });
  }

  readTeds(_tim: string, channel: number, accessCode: number): Promise<Uint8Array | undefined> {
    return this.#connected().readTedsOctets(channel, accessCode);
  }

  async writeTeds(): Promise<void> {
    throw new Ieee1451Error('refused', 'no TEDS are written here');
  }

  async #definition(channel: number) {
    const teds = await this.#connected().readTeds(channel, CHANNEL);
    if (!teds) throw new Ieee1451Error('malformed-teds', 'the channel has no TEDS');
    return sampleDefinition(teds);
  }

  #connected(): TimClient {
    if (this.#client) return this.#client;
    throw new Ieee1451Error('not-connected', 'the TIM is not there');
  }

  #lost(): void {
    this.#client = undefined;
    if (!this.#tim) return;
    this.#tim = { ...this.#tim, isPresent: false };
    this.emit('left', this.#tim, 'the connection was lost');
  }
}

async function describe(client: TimClient): Promise<NcapTim> {
  const meta = await client.readTeds(0, META);
  const nameOf = async (channel: number) => {
    const teds = await client.readTeds(channel, NAME);
    return String((teds && tedsValue(teds, 'content')) ?? channel);
  };
  const channels: NcapChannel[] = [];
  for (let number = 1; meta && number <= Number(tedsValue(meta, 'channels')); number++) {
    const teds = await client.readTeds(number, CHANNEL);
    const kind = KINDS.find((name) => name === (teds && tedsValue(teds, 'channelType'))) ?? 'sensor';
    channels.push({ number, name: await nameOf(number), kind, node: { nodeId: `boiler/${number}` } });
  }
  const id = String(meta && tedsValue(meta, 'uuid'));
  return { id, name: await nameOf(0), node: { nodeId: 'boiler' }, isPresent: true, channels };
}
