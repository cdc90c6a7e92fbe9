#!/usr/bin/env node
// The server of this repository, with accounts for the benchmark. Its configuration is the argument.
import { readFileSync } from 'node:fs';
import { Accounts, openServerDatabase, serverConfigSchema, ThingwardServer } from '../../packages/server/dist/index.js';
import { collectOnDemand } from './collection.mjs';
import { PASSWORD } from './xmpp-connection.mjs';

const { accounts, collects, ...config } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const services = [];
try {
  const { SERVICES } = await import('../../packages/cli/dist/services.js');
  services.push(...SERVICES.filter(({ name }) => name === 'pubsub'));
} catch {
  // Built without services: what needs them is reported as not offered.
}
const parsed = serverConfigSchema.parse(config);
const database = await openServerDatabase(parsed, services);
const store = new Accounts(database.query, parsed.domain);
for (let i = 0; i < accounts; i++) await store.add(`bench${i}`, PASSWORD);
await database.close();
const server = await ThingwardServer.start(parsed, { services });
if (collects) collectOnDemand(collects);
console.log('ready');
process.once('SIGTERM', () => {
  void server.stop().then(() => process.exit(0));
});
