import { onTestFinished, vi } from 'vitest';
import {
  Dnp3Channel,
  Dnp3Master,
  type Dnp3MasterOptions,
  Dnp3TcpServer,
  type OutstationOptions,
} from '../src/index.ts';
import { Substation, SubstationProcess } from '../src/simulator/index.ts';

/** The simulated substation behind a server of its own, until the test is over. Its time stands still. */
export async function substation(options: Omit<OutstationOptions, 'points' | 'outputs'> = {}) {
  const process = new SubstationProcess(() => 0.5);
  const plant = new Substation(process, { unsolicitedHoldMs: 10, confirmTimeoutMs: 300, restartMs: 50, ...options });
  const server = new Dnp3TcpServer([plant.outstation]);
  const port = await server.listen(0);
  onTestFinished(() => server.close());
  return { process, plant, outstation: plant.outstation, server, port };
}

/** A channel that is connected, until the test is over. */
export async function connectedChannel(port: number, maxInFlight = 1) {
  const channel = new Dnp3Channel({ host: '127.0.0.1', port, maxBackoffMs: 50, maxInFlight });
  onTestFinished(() => channel.close());
  channel.open();
  await vi.waitUntil(() => channel.state === 'connected');
  return channel;
}

/** A master on a channel of its own, until the test is over. It is there before the connection is, so that it misses nothing. */
export async function connectedMaster(port: number, options: Partial<Dnp3MasterOptions> = {}) {
  const channel = new Dnp3Channel({ host: '127.0.0.1', port, maxBackoffMs: 50 });
  onTestFinished(() => channel.close());
  const master = new Dnp3Master({ channel, timeoutMs: 500, ...options });
  channel.open();
  await vi.waitUntil(() => master.isConnected);
  return master;
}
