import { connect, createServer, type Socket } from 'node:net';
import {
  Dnp3Channel,
  Dnp3Master,
  type Dnp3MasterOptions,
  Dnp3TcpServer,
  encodePacket,
  type Fragment,
  type ObjectHeader,
  type OutstationOptions,
  packetOf,
} from '@thingward/dnp3';
import { Substation, SubstationProcess } from '@thingward/dnp3/simulator';
import type { Adapter, AdapterConfigInput } from '@thingward/gateway';
import { onTestFinished, vi } from 'vitest';
import { type AdapterPlace, type AdapterStage, doorOf, wayOpen } from './adapter-stage.ts';

type Egress = Extract<NonNullable<AdapterConfigInput['egress']>[number], { protocol: 'dnp3' }>;

/** The ends of a transversion of DNP3 on a stage with the accounts `plant`, and those of masters: `scada` (address 1), `reader` (2). */
export function dnp3Ends(stage: AdapterStage) {
  return {
    /** @param device the port of the outstation */
    egress: (
      device: number,
      line: Partial<Egress['lines'][number]> = {},
      { policies, ...place }: AdapterPlace & { policies?: string } = {},
    ): Promise<Adapter> =>
      stage.adapter(
        {
          ...(policies === undefined ? {} : { policies }),
          egress: [
            {
              account: stage.account('plant'),
              protocol: 'dnp3',
              masters: [
                { jid: 'scada@localhost', address: 1, writes: true },
                { jid: 'reader@localhost', address: 2 },
              ],
              lines: [{ connect: `127.0.0.1:${device}`, timeoutMs: 1000, ...line }],
            },
          ],
        },
        place,
      ),

    /** @returns the port where masters connect, once there is a way to the outstations, but for strangers */
    ingress: async (
      name = 'scada',
      timeoutMs = 3000,
    ): Promise<{ readonly port: number; readonly adapter: Adapter }> => {
      const adapter = await stage.adapter({
        ingress: [
          {
            account: stage.account(name),
            protocol: 'dnp3',
            listen: '127.0.0.1:0',
            timeoutMs,
            routes: [{ outstations: '10-20', to: 'plant@localhost' }],
          },
        ],
      });
      if (name !== 'stranger') await wayOpen(adapter);
      return { port: doorOf(adapter), adapter };
    },
  };
}

/** A master that is connected, from address 1 to 10, until the test is over. */
export async function connectMaster(at: number, options: Partial<Dnp3MasterOptions> = {}): Promise<Dnp3Master> {
  const channel = new Dnp3Channel({ host: '127.0.0.1', port: at });
  onTestFinished(() => channel.close());
  const started = new Dnp3Master({ channel, local: 1, remote: 10, timeoutMs: 4000, ...options });
  channel.open();
  await vi.waitUntil(() => started.isConnected, 5000);
  return started;
}

/** The simulated substation at a port of its own, until the test is over. */
export async function substation(options: Partial<OutstationOptions> = {}) {
  const process = new SubstationProcess(() => 0.5);
  const { outstation, ...rest } = new Substation(process, { unsolicitedHoldMs: 10, unsolicited: false, ...options });
  const device = new Dnp3TcpServer([outstation]);
  onTestFinished(() => device.close());
  return { process, outstation, ...rest, port: await device.listen(0) };
}

/** An outstation that keeps the octets it gets, and answers each packet as it is told. */
export async function outstationRecorder(answer: (octets: Uint8Array, socket: Socket) => Uint8Array | undefined) {
  const received: Buffer[] = [];
  const device = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      received.push(chunk);
      const reply = answer(chunk, socket);
      if (reply) socket.write(reply);
    });
  });
  await new Promise<void>((resolve) => device.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void device.close());
  const address = device.address();
  return { port: typeof address === 'object' && address ? address.port : 0, received: () => Buffer.concat(received) };
}

/** A connection to an ingress, and the octets that come from it. */
export async function rawMaster(at: number) {
  const socket = connect({ host: '127.0.0.1', port: at });
  onTestFinished(() => void socket.destroy());
  const received: Buffer[] = [];
  socket.on('data', (chunk) => received.push(chunk));
  return {
    send: (octets: Uint8Array) => socket.write(octets),
    received: () => Buffer.concat(received),
  };
}

/** The octets of a packet between master 1 and outstation 10, as its function has it. */
export function dnp3Octets(
  code: number,
  objects: readonly ObjectHeader[],
  more: Partial<Fragment['control']> & { sequence: number },
) {
  const isResponse = code >= 129;
  const fragment: Fragment = {
    control: { first: true, final: true, confirm: false, unsolicited: code === 130, ...more },
    function: code,
    ...(isResponse ? { indications: 0 } : {}),
    objects,
  };
  const control = { fromMaster: !isResponse, primary: true, frameCount: false, countValidOrBusy: false, function: 4 };
  const addresses = isResponse ? { destination: 1, source: 10 } : { destination: 10, source: 1 };
  return encodePacket(packetOf(fragment, { ...addresses, control, sequence: (more.sequence * 5) & 0x3f }));
}
