#!/usr/bin/env node
/*
 * What one waking of a battery-powered sensor costs on the wire: it connects, reports one value, takes what waits, and sleeps. Ours beside
 * MQTT and CoAP, counted between client and server. Needs the build; for the others:
 *   --modules DIR   where `npm install mqtt node-coap-client` was run (THINGWARD_BENCH_MODULES), and mosquitto, and libcoap
 *   --python FILE   an interpreter with aiocoap (THINGWARD_BENCH_PYTHON)
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { coap } from './coap.mjs';
import { coapDtls } from './coap-dtls.mjs';
import { mqtt } from './mqtt.mjs';
import { thingward } from './thingward.mjs';

const { THINGWARD_BENCH_MODULES = '.', THINGWARD_BENCH_PYTHON = 'python3' } = process.env;
const { values: options } = parseArgs({
  options: {
    modules: { type: 'string', default: THINGWARD_BENCH_MODULES },
    python: { type: 'string', default: THINGWARD_BENCH_PYTHON },
  },
});
const directory = mkdtempSync(join(tmpdir(), 'thingward-battery-'));
try {
  const ours = [await thingward(join(directory, 'xml'), 'XML'), await thingward(join(directory, 'exi'), 'EXI')];
  // All with the same certificate.
  const pem = (name) => readFileSync(join(directory, 'xml', 'tls', name));
  const certificate = { cert: pem('certificate.pem'), key: pem('key.pem') };
  const theirs = [
    await mqtt(directory, certificate, options.modules),
    await coapDtls(directory, certificate, options.modules),
    await coap(options.python),
  ];
  for (const { skipped } of theirs) if (skipped) console.error(`skipped: ${skipped}`);
  const rows = [...ours, ...theirs].flatMap(({ rows }) => rows);
  console.log(
    'bytes are those of TCP or UDP payloads, TLS included; round trips include the one of TCP; packets are those with data\n',
  );
  console.log('| one waking | bytes up | bytes down | bytes | round trips | packets |\n|---|---:|---:|---:|---:|---:|');
  for (const { name, up, down, turns, packets, isUdp } of rows) {
    console.log(`| ${name} | ${up} | ${down} | ${up + down} | ${turns + (isUdp ? 0 : 1)} | ${packets} |`);
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
