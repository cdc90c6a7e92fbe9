// The same of an MQTT client (the npm package `mqtt`) and mosquitto, over TLS.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect as connectTcp, createServer } from 'node:net';
import { join } from 'node:path';
import { tcpRelay } from './counting-relay.mjs';

const TOPIC = 'things/sensor/Temperature';
const COMMANDS = 'things/sensor/set';
const reading = () => JSON.stringify({ n: 'Temperature', v: 21.5, u: 'Cel', t: Math.floor(Date.now() / 1000) });
const COMMAND = JSON.stringify({ n: 'Interval', v: 60 });

/**
 * A broker with a client for it, and a relay between them that counts.
 * @param modules folder where the package `mqtt` is installed
 * @returns `skipped` with the reason where something is missing
 */
export async function mosquitto(directory, { cert, key }, modules) {
  let client;
  try {
    client = createRequire(join(modules, 'package.json'))('mqtt');
  } catch {
    return { skipped: `MQTT: the npm package mqtt is not in ${modules}` };
  }
  const port = await freePort();
  writeFileSync(join(directory, 'cert.pem'), cert);
  writeFileSync(join(directory, 'key.pem'), key, { mode: 0o600 });
  writeFileSync(
    join(directory, 'mosquitto.conf'),
    `listener ${port} 127.0.0.1\ncertfile ${directory}/cert.pem\nkeyfile ${directory}/key.pem\nallow_anonymous false\npassword_file ${directory}/passwords\nuser root\nlog_type none\n`,
  );
  const made = spawn('mosquitto_passwd', ['-b', '-c', join(directory, 'passwords'), 'sensor', 'sensor'], {
    stdio: 'ignore',
  });
  await new Promise((resolve) => made.on('close', resolve).on('error', resolve));
  const broker = spawn('mosquitto', ['-c', join(directory, 'mosquitto.conf')], { stdio: 'ignore' });
  let failure;
  broker.on('error', (error) => {
    failure = error;
  });
  await listening(port);
  if (failure || broker.exitCode !== null) return { skipped: 'MQTT: mosquitto does not run' };
  const relay = await tcpRelay({ host: '127.0.0.1', port });
  const tls = { session: undefined };
  const open = (via, id, options) =>
    new Promise((resolve, reject) => {
      const link = client.connect({
        protocol: 'mqtts',
        host: '127.0.0.1',
        port: via,
        servername: 'localhost',
        rejectUnauthorized: false,
        clientId: id,
        username: 'sensor',
        password: 'sensor',
        reconnectPeriod: 0,
        ...options,
      });
      link.stream.on('session', (kept) => {
        tls.session = kept;
      });
      link.on('connect', () => resolve(link)).on('error', reject);
    });
  const stop = () => {
    relay.close();
    broker.kill();
  };
  return { port, relay, open, tls, stop };
}

/** @param modules folder where the package is installed @returns rows; none, with the reason, where something is missing */
export async function mqtt(directory, certificate, modules) {
  const broker = await mosquitto(directory, certificate, modules);
  if (broker.skipped) return { rows: [], skipped: broker.skipped };
  const { port, relay, open, tls } = broker;
  const rows = [];
  const cycle = async (name, { clean, resumes, waits, isQuiet = false }) => {
    if (waits) {
      const sender = await open(port, 'owner', { clean: true });
      await sender.publishAsync(COMMANDS, COMMAND, { qos: 1 });
      await sender.endAsync();
    }
    const kept = resumes ? tls.session : undefined;
    relay.reset();
    const arrived = [];
    const link = await open(relay.port, 'sensor', { clean, session: kept });
    const got = new Promise((resolve) => link.on('message', (_, body) => resolve(arrived.push(body))));
    if (clean) await link.subscribeAsync(COMMANDS, { qos: 1 });
    await link.publishAsync(TOPIC, reading(), { qos: 1 });
    if (waits) await got;
    await link.endAsync();
    await new Promise((resolve) => setTimeout(resolve, 100));
    if (!isQuiet) rows.push({ name, ...relay.count });
  };
  try {
    await cycle('MQTT over TLS: clean session', { clean: true });
    const first = await open(port, 'sensor', { clean: false });
    await first.subscribeAsync(COMMANDS, { qos: 1 });
    await first.endAsync();
    await cycle('MQTT over TLS: persistent session', { clean: false });
    await cycle('', { clean: false, isQuiet: true });
    await cycle('MQTT over TLS: persistent session, TLS resumed', { clean: false, resumes: true });
    await cycle('MQTT over TLS: the same, one command waits', { clean: false, resumes: true, waits: true });
    return { rows };
  } finally {
    broker.stop();
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listening(port) {
  for (let i = 0; i < 50; i++) {
    const isOpen = await new Promise((resolve) => {
      const socket = connectTcp(port, '127.0.0.1', () => resolve(true));
      socket.on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
