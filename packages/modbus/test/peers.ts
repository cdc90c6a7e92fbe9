import { createServer } from 'node:net';
import { onTestFinished, vi } from 'vitest';
import { ModbusTcpClient, type ModbusTcpClientOptions, ModbusTcpServer, TcpFrameReader } from '../src/index.ts';
import { meterUnit, TankProcess, tankUnit } from '../src/simulator/index.ts';

/** The simulated plant behind a server of its own, until the test is over. Its time stands still. */
export async function plant() {
  const process = new TankProcess(() => 0.5);
  const server = new ModbusTcpServer(
    new Map([
      [1, tankUnit(process)],
      [2, meterUnit(process)],
    ]),
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

/** A device that takes everything and answers only where `answer` gives a PDU. */
export async function device(answer: (pdu: Uint8Array) => Uint8Array | undefined) {
  const received: Uint8Array[] = [];
  const server = createServer((socket) => {
    const reader = new TcpFrameReader();
    socket.on('data', (chunk) => {
      for (const { transactionId, unit, pdu } of reader.push(chunk)) {
        received.push(pdu);
        const reply = answer(pdu);
        if (reply)
          socket.write(Uint8Array.of(transactionId >> 8, transactionId, 0, 0, 0, reply.length + 1, unit, ...reply));
      }
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
