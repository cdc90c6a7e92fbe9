import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { httpText } from './http-text.ts';

let port: number;
let asked: string[];
const server = createServer((request, response) => {
  asked.push(`${request.headers.host} ${request.url}`);
  if (request.url === '/long') response.end('x'.repeat(1001));
  else if (request.url === '/elsewhere') response.writeHead(302, { location: '/text' }).end();
  else if (request.url !== '/silent') response.end('söme text');
});
beforeEach(async () => {
  asked = [];
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const read = (path: string, signal = AbortSignal.timeout(10_000)) =>
  httpText(new URL(`http://[fe80::1]:${port}${path}`), '127.0.0.1', signal, 1000);

it('reads what is at an address from the host that is meant by it', async () => {
  expect(await read('/text?a=b')).toBe('söme text');
  expect(asked).toEqual([`[fe80::1]:${port} /text?a=b`]);
});

it.each([
  ['/long', 'more than 1000 bytes'],
  ['/elsewhere', 'HTTP 302'],
])('refuses %s', async (path, message) => {
  await expect(read(path)).rejects.toThrow(message);
  expect(asked).toHaveLength(1);
});

it('ends when it is told to', async () => {
  await expect(read('/silent', AbortSignal.timeout(50))).rejects.toThrow('abort');
});
