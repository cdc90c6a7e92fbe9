import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverConfigSchema, ThingwardServer } from '@thingward/server';
import { afterAll, describe, expect, it } from 'vitest';
import { SERVICES } from '../../packages/cli/src/services.ts';
import { type CertificateFiles, TestAuthority } from '../../packages/server/test/certificates.ts';
import { type AccountSource, madeAccounts, registeredAccounts } from '../conformance/accounts.ts';
import type { Target } from '../conformance/actor.ts';
import { playAll } from '../conformance/company.ts';
import { knownDeviations } from '../conformance/deviations.ts';
import type { Result } from '../conformance/perform.ts';
import { count, nameOf, summary } from '../conformance/report.ts';
import { readScenes } from '../conformance/scripts.ts';
import { type Daemon, freePort, hasCommand, hasEjabberd, startEjabberd, startProsody } from './daemon.ts';

const AT_ONCE = 6;

const prosody = (port: number, httpPort: number, { cert, key }: CertificateFiles): Promise<Daemon> =>
  startProsody(
    `c2s_ports = { ${port} }
http_ports = { ${httpPort} }
https_ports = {}
modules_enabled = {
  "disco", "roster", "s2s", "dialback", "saslauth", "tls", "ping", "register_ibr", "private", "version", "time", "uptime", "lastactivity",
  "vcard4", "vcard_legacy", "offline", "blocklist", "smacks", "carbons", "mam", "csi_simple", "pep", "presence", "message", "iq",
}
allow_registration = true
c2s_require_encryption = true
ssl = { certificate = "${cert}", key = "${key}" }
VirtualHost "localhost"
Component "pubsub.localhost" "pubsub"
Component "upload.localhost" "http_file_share"
`,
    [port],
  );

const ejabberd = (port: number, httpPort: number, { cert, key }: CertificateFiles): Promise<Daemon> =>
  startEjabberd(
    `hosts: ["localhost"]
certfiles: ["${cert}", "${key}"]
registration_timeout: infinity
auth_password_format: scram
listen:
  - {port: ${port}, ip: "127.0.0.1", module: ejabberd_c2s, starttls: true, starttls_required: true}
  - {port: ${httpPort}, ip: "127.0.0.1", module: ejabberd_http, request_handlers: {/upload: mod_http_upload}}
access_rules:
  local: {allow: all}
modules:
  mod_blocking: {}
  mod_caps: {}
  mod_carboncopy: {}
  mod_client_state: {}
  mod_disco: {}
  mod_http_upload: {put_url: "http://@HOST@:${httpPort}/upload", docroot: "/tmp"}
  mod_last: {}
  mod_mam: {default: always, assume_mam_usage: false}
  mod_offline: {}
  mod_ping: {}
  mod_privacy: {}
  mod_private: {}
  mod_pubsub: {access_createnode: local, plugins: ["flat", "pep"]}
  mod_register: {ip_access: all, welcome_message: {subject: "", body: ""}}
  mod_roster: {versioning: true}
  mod_stream_mgmt: {resend_on_timeout: if_offline}
  mod_time: {}
  mod_vcard: {search: false}
  mod_version: {}
`,
    [port],
  );

/** Ours beside the others. Its accounts are added by hand: nobody registers there. */
async function thingward(port: number, httpPort: number): Promise<Daemon & { readonly accounts: AccountSource }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'thingward-conformance-'));
  const config = serverConfigSchema.parse({
    domain: 'localhost',
    dataDir,
    listen: { c2s: `127.0.0.1:${port}`, http: `127.0.0.1:${httpPort}` },
    limits: { maxConnectionsPerAddress: 1000 },
  });
  const server = await ThingwardServer.start(config, { services: SERVICES });
  return {
    accounts: madeAccounts('localhost', (local, password) => server.accounts.add(local, password)),
    output: () => '',
    stop: async () => {
      await server.stop();
      rmSync(dataDir, { recursive: true });
    },
  };
}

interface Peer {
  readonly name: string;
  readonly isThere: boolean;
  start(port: number, httpPort: number, tls: CertificateFiles): Promise<Daemon & { readonly accounts?: AccountSource }>;
}

const peers: readonly Peer[] = [
  { name: 'Thingward', isThere: true, start: thingward },
  { name: 'Prosody', isThere: hasCommand('prosody'), start: prosody },
  { name: 'ejabberd', isThere: hasEjabberd(), start: ejabberd },
];

const directory = mkdtempSync(join(tmpdir(), 'thingward-authority-'));
const counts: string[] = [];
afterAll(() => {
  rmSync(directory, { recursive: true });
  if (counts.length > 0) console.log(counts.join('\n'));
});

/** The same conversations as with our own server. What a peer plays otherwise is listed in deviations.yaml, with the reason. */
describe.each(peers)('the conformance scripts at $name', ({ name, isThere, start }) => {
  it.skipIf(!isThere)(
    `are played as they are known to be (skipped unless ${name} is installed)`,
    async () => {
      const [port, httpPort] = [await freePort(), await freePort()];
      const daemon = await start(port, httpPort, await (await TestAuthority.create(directory)).issue('localhost'));
      try {
        const target: Target = {
          host: '127.0.0.1',
          port,
          domain: 'localhost',
          tls: 'starttls',
          patienceMs: 4000,
          settleMs: 100,
        };
        const known = knownDeviations(name);
        const accounts = daemon.accounts ?? registeredAccounts(target);
        const scenes = readScenes();
        const first = await playAll(scenes, target, accounts, AT_ONCE);
        // Once more alone, so that the others are not the reason.
        const isNews = (result: Result) => result.outcome.kind === 'failed' && !known.has(nameOf(result));
        const again = first.filter(isNews).map(({ scene }) => scene);
        const second = await playAll(again, target, accounts, 1);
        const results = first.map((result) => second.find(({ scene }) => scene === result.scene) ?? result);
        counts.push(`${name}: ${summary(count(results, known))}`);
        const passedOver = results.filter(({ outcome }) => outcome.kind === 'not offered').map(nameOf);
        if (passedOver.length > 0) counts.push(`${name} does not offer:\n  ${passedOver.join('\n  ')}`);
        const mended = results
          .filter((result) => result.outcome.kind === 'passed' && known.has(nameOf(result)))
          .map(nameOf);
        if (mended.length > 0) counts.push(`${name} passes, though listed:\n  ${mended.join('\n  ')}`);
        const failures = results.flatMap((result) =>
          result.outcome.kind === 'failed' ? [[nameOf(result), result.outcome.why] as const] : [],
        );
        expect(failures.filter(([scene]) => !known.has(scene))).toEqual([]);
      } finally {
        await daemon.stop();
      }
    },
    600_000,
  );
});
