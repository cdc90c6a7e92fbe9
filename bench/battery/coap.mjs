// The same of a CoAP client and server (the Python package `aiocoap`), over plain UDP: without encryption, which the others have.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { fileURLToPath } from 'node:url';
import { udpRelay } from './counting-relay.mjs';

const SCRIPT = fileURLToPath(new URL('coap_peer.py', import.meta.url));

/** @param python an interpreter that has the package */
export async function coap(python) {
  const port = await freePort();
  const server = spawn(python, [SCRIPT, 'server', String(port)], { stdio: ['ignore', 'pipe', 'ignore'] });
  const isReady = await new Promise((resolve) => {
    server.stdout.once('data', () => resolve(true));
    server.once('error', () => resolve(false));
    server.once('close', () => resolve(false));
  });
  if (!isReady) return { rows: [], skipped: `CoAP: ${python} has no aiocoap` };
  const relay = await udpRelay({ host: '127.0.0.1', port });
  try {
    const device = spawn(python, [SCRIPT, 'device', String(relay.port)], { stdio: 'inherit' });
    const status = await new Promise((resolve) => device.once('close', resolve));
    if (status !== 0) return { rows: [], skipped: 'CoAP: the device failed' };
    return { rows: [{ name: 'CoAP over UDP, not encrypted: one command waits', ...relay.count, isUdp: true }] };
  } finally {
    relay.close();
    server.kill();
  }
}

async function freePort() {
  const socket = createSocket('udp4');
  await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise((resolve) => socket.close(resolve));
  return port;
}
