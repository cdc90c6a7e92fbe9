// A Thing Registry that kills itself, as `kill -9` would, at the step it is told: before or after a query, or before a stanza goes out.
// Arguments: port of the server's component door, file of the database. Told by IPC: { killAt } counts steps from then on.
import { openDatabase } from '@thingward/server';
import { RegistryService, registryMigrations } from '@thingward/services';
import { COMPONENT, XmppComponent } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';

const [port, file] = process.argv.slice(2);
const domain = 'registry.localhost';
let stepsLeft = Number.POSITIVE_INFINITY;

function step() {
  if (--stepsLeft < 0) process.kill(process.pid, 'SIGKILL');
}

class FragileComponent extends XmppComponent {
  transmit(stanza) {
    step();
    super.transmit(stanza);
  }
}

const peer = new FragileComponent({
  domain,
  secret: 'secret',
  connect: tcpConnector({ domain, host: '127.0.0.1', port: Number(port), tls: 'none', namespace: COMPONENT }),
});
const { query } = await openDatabase(file, registryMigrations);
const database = query.withPlugin({
  transformQuery: ({ node }) => {
    step();
    return node;
  },
  transformResult: async ({ result }) => {
    step();
    return result;
  },
});
// Nothing but what is asked for counts steps: the next round of retries is far away.
const registry = new RegistryService({ peer, database, acknowledgementTimeoutMs: 2000, retryIntervalMs: 600_000 });
await registry.start();
peer.start();
await peer.ready();
process.on('message', ({ killAt }) => {
  stepsLeft = killAt;
  process.send({ armed: killAt });
});
process.send({ ready: true });
