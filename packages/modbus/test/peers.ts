import { createServer, type Socket } from 'node:net';
import { onTestFinished, vi } from 'vitest';
import {
  ModbusTcpClient,
  type ModbusTcpClientOptions,
  ModbusTcpServer,
  type ModbusTcpServerOptions,
  type TcpFrame,
  TcpFrameReader,
} from '../src/index.ts';
import { meterUnit, TankProcess, tankUnit } from '../src/simulator/index.ts';

/** The simulated plant behind a server of its own, until the test is over. Its time stands still. */
export async function plant(options: ModbusTcpServerOptions = {}) {
  const process = new TankProcess(() => 0.5);
  const server = new ModbusTcpServer(
    new Map([
      [1, tankUnit(process)],
      [2, meterUnit(process)],
    ]),
    options,
  );
  const port = await server.listen(0);
  onTestFinished(() => server.close());
  return { process, server, port };
}

/** A client that is connected, until the test is over. */
export async function connected(port: number, options: Partial<ModbusTcpClientOptions> = {}) {
  const client = new ModbusTcpClient({ host: '127.0.0.1', port, timeoutMs: 200, maxBackoffMs: 50, ...options });
  onTestFinished(() => client.close());
  client.open();
  await vi.waitUntil(() => client.state === 'connected');
  return client;
}

/** What a device does with a request: a PDU to answer with, now or later, or none. */
export type Answer = (
  pdu: Uint8Array,
  request: { readonly unit: number; readonly socket: Socket },
) => Uint8Array | undefined | Promise<Uint8Array | undefined>;

/** A device that takes everything and answers only where `answer` gives a PDU. */
export async function device(answer: Answer) {
  const received: Uint8Array[] = [];
  const server = createServer((socket) => {
    const reader = new TcpFrameReader();
    const respond = async ({ transactionId, unit, pdu }: TcpFrame) => {
      received.push(pdu);
      const pending = answer(pdu, { unit, socket });
      const reply = pending instanceof Promise ? await pending : pending;
      if (reply && socket.writable) {
        socket.write(Uint8Array.of(transactionId >> 8, transactionId, 0, 0, 0, reply.length + 1, unit, ...reply));
      }
    };
    socket.on('data', (chunk) => {
      for (const frame of reader.push(chunk)) void respond(frame);
    });
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
  });
  const address = server.address();
  return { received, port: typeof address === 'object' && address ? address.port : 0 };
}

/** A PDU that comes after so many ms. */
export function after(ms: number, ...pdu: number[]): Promise<Uint8Array> {
  return new Promise((resolve) => setTimeout(() => resolve(Uint8Array.from(pdu)), ms));
}
