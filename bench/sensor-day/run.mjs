#!/usr/bin/env node
/*
 * What a sensor that is read every 10 seconds sends and receives in a day: over XML and EXI streams of ours, and over MQTT to mosquitto, all
 * under TLS and counted between sensor and server. The day is played as fast as it goes: each reading waits for the one before it, and leaves
 * in TLS records and packets of its own. Needs the build; for MQTT also mosquitto, and
 *   --modules DIR   where `npm install mqtt` was run (THINGWARD_BENCH_MODULES)
 *   --readings N    8640 when not given
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { mqttDay } from './mqtt-day.mjs';
import { thingwardDay } from './thingward-day.mjs';

const { values: options } = parseArgs({
  options: {
    modules: { type: 'string', default: process.env.THINGWARD_BENCH_MODULES ?? '.' },
    readings: { type: 'string', default: '8640' },
  },
});
const readings = Number(options.readings);
/** IP and TCP headers without options, of IPv4. */
const HEADERS = 40;
const directory = mkdtempSync(join(tmpdir(), 'thingward-day-'));
try {
  const rows = [];
  for (const coding of ['XML', 'EXI', 'EXI, strings kept']) {
    for (const way of ['published', 'read'])
      rows.push(await thingwardDay(join(directory, `${rows.length}`), { coding, way, readings }));
  }
  const pem = (name) => readFileSync(join(directory, '0', 'tls', name));
  const theirs = await mqttDay(
    directory,
    { cert: pem('certificate.pem'), key: pem('key.pem') },
    options.modules,
    readings,
  );
  if (theirs.skipped) console.error(`skipped: ${theirs.skipped}`);
  rows.push(...theirs.rows);
  console.log(
    `${readings} readings; bytes are TCP payload, TLS and signing in included; "with headers" adds ${HEADERS} for each packet with data\n`,
  );
  console.log(
    '| a day of a sensor | bytes up | bytes down | bytes | a reading | with headers |\n|---|---:|---:|---:|---:|---:|',
  );
  for (const { name, up, down, packets } of rows) {
    const bytes = up + down;
    console.log(
      `| ${name} | ${up} | ${down} | ${bytes} | ${(bytes / readings).toFixed(0)} | ${bytes + packets * HEADERS} |`,
    );
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
