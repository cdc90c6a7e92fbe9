// The same over DTLS: the npm package `node-coap-client`, and libcoap's server and client (`libcoap3-bin` of Debian).
import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { udpRelay } from './counting-relay.mjs';

const KEY = 'a key of 16 byte';
const RESOURCE = 'example_data';
const WAIT_MS = 10_000;
/** Kinds of TLS that libcoap is built with. */
const FLAVOURS = ['openssl', 'gnutls'];

/** @param modules where `node-coap-client` was installed */
export async function coapDtls(directory, { cert, key }, modules) {
  const flavour = FLAVOURS.find(
    (name) => spawnSync(`coap-server-${name}`, ['-?'], { stdio: 'ignore' }).error === undefined,
  );
  if (!flavour) return { rows: [], skipped: 'CoAP over DTLS: there is no libcoap (libcoap3-bin)' };
  const rows = [...(await withKey(flavour, modules)), ...(await withCertificate(flavour, directory, { cert, key }))];
  return rows.length === 3 ? { rows } : { rows, skipped: 'CoAP over DTLS: one of its clients is not there, or failed' };
}

/** A key that both sides have: with a handshake, and with one of an earlier waking that both still know. */
async function withKey(flavour, modules) {
  let CoapClient;
  try {
    ({ CoapClient } = createRequire(join(resolve(modules), 'none.js'))('node-coap-client'));
  } catch {
    return [];
  }
  // A hint would make the server send a message that this client does not know.
  return withServer(flavour, ['-k', KEY, '-h', ''], async (relay) => {
    CoapClient.setSecurityParams('127.0.0.1', { psk: { device: KEY } });
    const rows = [];
    for (const name of ['PSK, with a handshake: one command waits', 'PSK, the session is kept: one command waits']) {
      relay.reset();
      const reading = JSON.stringify({ n: 'Temperature', v: 21.5, u: 'Cel', t: Math.floor(Date.now() / 1000) });
      const url = `coaps://127.0.0.1:${relay.port}/${RESOURCE}`;
      await inTime(CoapClient.request(url, 'put', Buffer.from(reading)));
      await inTime(CoapClient.request(url, 'get'));
      rows.push({ name: `CoAP over DTLS, ${name}`, ...relay.count, isUdp: true });
    }
    CoapClient.reset();
    return rows;
  });
}

/** The server's certificate, as the others have it. libcoap's client makes one request: the reading alone. */
async function withCertificate(flavour, directory, pem) {
  const files = Object.fromEntries(['cert', 'key'].map((name) => [name, join(directory, `coap-${name}.pem`)]));
  for (const [name, file] of Object.entries(files)) writeFileSync(file, pem[name], { mode: 0o600 });
  return withServer(flavour, ['-c', files.cert, '-j', files.key, '-n'], async (relay) => {
    const reading = JSON.stringify({ n: 'Temperature', v: 21.5, u: 'Cel', t: Math.floor(Date.now() / 1000) });
    const url = `coaps://127.0.0.1:${relay.port}/${RESOURCE}`;
    const args = ['-B', '5', '-R', files.cert, '-n', '-m', 'put', '-e', reading, url];
    const client = spawn(`coap-client-${flavour}`, args, { stdio: 'ignore' });
    const status = await new Promise((ended) => client.once('close', ended));
    if (status !== 0 || relay.count.down < pem.cert.length / 2) return [];
    return [{ name: 'CoAP over DTLS, certificate, with a handshake: the reading alone', ...relay.count, isUdp: true }];
  });
}

/** Runs something beside a server, with what counts the way to its encrypted port, which follows the other one. */
async function withServer(flavour, options, work) {
  const port = await freePort();
  const args = ['-A', '127.0.0.1', '-p', String(port), '-d', '10', '-v', '1', ...options];
  const server = spawn(`coap-server-${flavour}`, args, { stdio: 'ignore' });
  const relay = await udpRelay({ host: '127.0.0.1', port: port + 1 });
  try {
    await new Promise((ready) => setTimeout(ready, 1000));
    return await work(relay);
  } catch (error) {
    console.error(`CoAP over DTLS: ${error.message}`);
    return [];
  } finally {
    relay.close();
    server.kill();
  }
}

function inTime(answer) {
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error('no answer')), WAIT_MS).unref();
  });
  return Promise.race([answer, late]);
}

async function freePort() {
  const socket = createSocket('udp4');
  await new Promise((bound) => socket.bind(0, '127.0.0.1', bound));
  const { port } = socket.address();
  await new Promise((closed) => socket.close(closed));
  return port;
}
