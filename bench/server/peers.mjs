// The servers side by side: how each is started, tuned as its own documentation advises for throughput, on loopback, in a
// directory of its own, pinned to one core.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { erlangCollector, prosodyCollector } from './collection.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const ERLANG_LIBRARIES = '/usr/lib/x86_64-linux-gnu';

/** @returns a free port on loopback */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function installed(command) {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function version(command, args, pattern) {
  try {
    return (
      pattern.exec(execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))?.[1] ?? ''
    );
  } catch {
    return '';
  }
}

function certificate(directory) {
  const files = { key: join(directory, 'key.pem'), cert: join(directory, 'cert.pem') };
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
      '-keyout',
      files.key,
      '-out',
      files.cert,
    ],
    { stdio: 'ignore' },
  );
  return files;
}

/** Runs a server on the first core and waits until its ports answer. */
async function launch(command, args, { ports, directory, env = {} }) {
  const child = spawn('taskset', ['-c', '0', command, ...args], {
    cwd: directory,
    env: { ...process.env, HOME: directory, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output = (output + chunk).slice(-4000);
    });
  }
  const until = Date.now() + 30_000;
  for (const port of ports) {
    while (!(await answers(port))) {
      if (child.exitCode !== null || Date.now() > until) {
        child.kill('SIGKILL');
        throw new Error(`${command} did not start: ${output}`);
      }
      await delay(100);
    }
  }
  return {
    pid: child.pid,
    async stop() {
      child.kill('SIGTERM');
      const ended = new Promise((resolve) => child.once('exit', resolve));
      await Promise.race([ended, delay(5000, undefined, { ref: false })]);
      child.kill('SIGKILL');
    },
  };
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function thingward(directory, accounts, collects) {
  const [plain, tls] = [await freePort(), await freePort()];
  const config = join(directory, 'config.json');
  writeFileSync(
    config,
    JSON.stringify({
      accounts,
      collects,
      domain: 'localhost',
      dataDir: directory,
      listen: { c2s: `127.0.0.1:${plain}`, c2sTls: `127.0.0.1:${tls}` },
      auth: { allowPlaintext: true },
      limits: { maxConnectionsPerAddress: 20_000, maxConnectionsPerSecond: 20_000 },
    }),
  );
  const server = await launch(process.execPath, [join(HERE, 'thingward-peer.mjs'), config], {
    ports: [plain, tls],
    directory,
  });
  return { ...server, plain, tls, hasAccounts: true };
}

async function ejabberd(directory, _accounts, collects) {
  const [plain, tls] = [await freePort(), await freePort()];
  const { cert, key } = certificate(directory);
  writeFileSync(join(directory, 'all.pem'), execFileSync('cat', [cert, key]));
  const config = join(directory, 'ejabberd.yml');
  // No shaper, no archive, no roster versions: what is measured is the way through.
  writeFileSync(
    config,
    `hosts: ["localhost"]
loglevel: error
certfiles: ["${join(directory, 'all.pem')}"]
auth_method: internal
auth_password_format: scram
disable_sasl_mechanisms: ["digest-md5", "x-oauth2"]
registration_timeout: infinity
listen:
  - {port: ${plain}, ip: "127.0.0.1", module: ejabberd_c2s, max_stanza_size: 262144, starttls: false}
  - {port: ${tls}, ip: "127.0.0.1", module: ejabberd_c2s, max_stanza_size: 262144, tls: true}
shaper_rules: {max_user_sessions: 1000}
modules:
  mod_disco: {}
  mod_ping: {send_pings: false}
  mod_roster: {}
  mod_register: {ip_access: all, welcome_message: {}}
  mod_pubsub: {host: "pubsub.localhost", access_createnode: all, ignore_pep_from_offline: true, last_item_cache: false, plugins: ["flat"], max_items_node: 10}
`,
  );
  mkdirSync(join(directory, 'database'));
  const quoted = `"${join(directory, 'database')}"`;
  // One scheduler for one core, and none that spins while it has nothing to do.
  const args = [
    '+K',
    'true',
    '+P',
    '250000',
    '+S',
    '1:1',
    '+sbwt',
    'none',
    '+sbwtdcpu',
    'none',
    '+sbwtdio',
    'none',
    '-mnesia',
    'dir',
    quoted,
    '-noinput',
    '-s',
    'ejabberd',
    ...(collects ? ['-eval', erlangCollector(collects)] : []),
  ];
  const server = await launch('erl', args, {
    ports: [plain, tls],
    directory,
    env: {
      ERL_LIBS: ERLANG_LIBRARIES,
      ERL_MAX_PORTS: '32000',
      EJABBERD_CONFIG_PATH: config,
      EJABBERD_LOG_PATH: join(directory, 'ejabberd.log'),
    },
  });
  return { ...server, plain, tls };
}

async function prosody(directory, _accounts, collects) {
  const [plain, tls] = [await freePort(), await freePort()];
  const { cert, key } = certificate(directory);
  const config = join(directory, 'prosody.cfg.lua');
  // epoll, the generational collector, no limits, no archive.
  writeFileSync(
    config,
    `run_as_root = true
daemonize = false
pidfile = "${join(directory, 'prosody.pid')}"
data_path = "${directory}"
network_backend = "epoll"
gc = { mode = "generational" }
log = { error = "${join(directory, 'prosody.log')}" }
interfaces = { "127.0.0.1" }
c2s_ports = { ${plain} }
c2s_direct_tls_ports = { ${tls} }
s2s_ports = {}
plugin_paths = { "${directory}" }
modules_enabled = { "roster", "saslauth", "disco", "ping", "tls", "register", "register_ibr"${collects ? ', "collect_garbage"' : ''} }
modules_disabled = { "s2s", "offline" }
c2s_require_encryption = false
authentication = "internal_hashed"
allow_registration = true
storage = "internal"
ssl = { key = "${key}", certificate = "${cert}" }
c2s_direct_tls_ssl = { key = "${key}", certificate = "${cert}" }
VirtualHost "localhost"
Component "pubsub.localhost" "pubsub"
  pubsub_max_items = 10
  default_admin_affiliation = "owner"
  autocreate_on_subscribe = false
  add_permissions = { ["localhost"] = { "pubsub:create-node" } }
  admins = { "bench0@localhost" }
`,
  );
  if (collects) writeFileSync(join(directory, 'mod_collect_garbage.lua'), prosodyCollector(collects));
  const server = await launch('prosody', ['-F', '--config', config], { ports: [plain, tls], directory });
  return { ...server, plain, tls };
}

async function mosquitto(directory) {
  const plain = await freePort();
  const config = join(directory, 'mosquitto.conf');
  writeFileSync(
    config,
    `listener ${plain} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\nmax_inflight_messages 0\nset_tcp_nodelay true\nlog_type error\n`,
  );
  const server = await launch('mosquitto', ['-c', config], { ports: [plain], directory });
  return { ...server, plain };
}

const ejabberdDirectory = existsSync(ERLANG_LIBRARIES)
  ? readdirSync(ERLANG_LIBRARIES).find((name) => /^ejabberd-\d/.test(name))
  : undefined;

/** In the order of the tables. `install` says how a missing one is had on Debian. */
export const PEERS = [
  { name: 'thingward', version: '', isInstalled: () => true, start: thingward },
  {
    name: 'ejabberd',
    version: ejabberdDirectory?.replace('ejabberd-', '') ?? '',
    isInstalled: () => ejabberdDirectory !== undefined && installed('erl'),
    start: ejabberd,
    install: 'apt-get install ejabberd',
  },
  {
    name: 'prosody',
    version: installed('prosodyctl') ? version('prosodyctl', ['about'], /Prosody (\d\S*)/) : '',
    isInstalled: () => installed('prosody'),
    start: prosody,
    install: 'apt-get install prosody',
  },
  {
    name: 'mosquitto',
    version: '',
    isInstalled: () => installed('mosquitto'),
    start: mosquitto,
    install: 'apt-get install mosquitto',
    isMqtt: true,
  },
];
