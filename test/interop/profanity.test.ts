import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { serverConfigSchema, ThingwardServer } from '@thingward/server';
import { xml } from '@thingward/xml';
import { Jid, message, presence, XmppClient } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasCommand } from './daemon.ts';

const run = promisify(execFile);

/** A program in a terminal nobody looks at. */
class Terminal {
  readonly #socket: string;

  constructor(socket: string) {
    this.#socket = socket;
  }

  async start(command: string): Promise<void> {
    await this.#tmux('new-session', '-d', '-x', '160', '-y', '50', command);
  }

  /** Types a line. */
  async types(line: string): Promise<void> {
    await this.#tmux('send-keys', '-l', line);
    await this.#tmux('send-keys', 'Enter');
  }

  async screen(): Promise<string> {
    return (await this.#tmux('capture-pane', '-p')).stdout;
  }

  async stop(): Promise<void> {
    await this.#tmux('kill-server').catch(() => undefined);
  }

  #tmux(...args: readonly string[]) {
    return run('tmux', ['-S', this.#socket, '-f', '/dev/null', ...args], { timeout: 10_000 });
  }
}

const isThere = hasCommand('profanity') && hasCommand('tmux');

describe.skipIf(!isThere)('profanity (skipped unless profanity and tmux are installed)', () => {
  const directory = mkdtempSync(join(tmpdir(), 'thingward-profanity-'));
  const terminal = new Terminal(join(directory, 'tmux'));
  let server: ThingwardServer;
  let romeo: XmppClient;

  beforeAll(async () => {
    const config = serverConfigSchema.parse({
      domain: 'localhost',
      dataDir: join(directory, 'server'),
      listen: { c2s: '127.0.0.1:0' },
    });
    server = await ThingwardServer.start(config);
    for (const name of ['romeo', 'juliet']) await server.accounts.add(name, `secret-${name}`);
    const port = server.address(0)?.port ?? 0;
    romeo = new XmppClient({
      jid: Jid.parse('romeo@localhost/orchard'),
      password: 'secret-romeo',
      connect: tcpConnector({
        domain: 'localhost',
        host: '127.0.0.1',
        port,
        tls: 'starttls',
        trust: { fingerprint: server.tls.fingerprint },
      }),
    });
    romeo.start();
    await romeo.ready();
    romeo.send(presence(undefined, {}));
    const profile = join(directory, 'data', 'profanity');
    mkdirSync(profile, { recursive: true });
    writeFileSync(
      join(profile, 'accounts'),
      `[juliet]
enabled=true
jid=juliet@localhost
server=127.0.0.1
port=${port}
resource=balcony
password=secret-juliet
tls.policy=trust
`,
    );
    const environment = `HOME=${directory} XDG_DATA_HOME=${join(directory, 'data')} XDG_CONFIG_HOME=${join(directory, 'config')}`;
    await terminal.start(`env ${environment} LC_ALL=C.UTF-8 TERM=screen profanity --account juliet`);
  });
  afterAll(async () => {
    await terminal.stop();
    await romeo?.stop();
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const sees = (pattern: RegExp) => expect.poll(() => terminal.screen(), { timeout: 20_000 }).toMatch(pattern);

  it('signs in over STARTTLS, sends a message and shows the answer', async () => {
    await sees(/\[online\]/);
    const heard: string[] = [];
    romeo.onMessage({ name: 'body', namespace: 'jabber:client' }, ({ from }, body) => {
      heard.push(`${from}: ${body.text}`);
    });
    // What is typed while it still draws its first screen gets lost.
    for (let tries = 0; tries < 10 && heard.length === 0; tries++) {
      await terminal.types('/msg romeo@localhost wherefore art thou?');
      await delay(1000);
    }
    expect(heard[0]).toBe('juliet@localhost/balcony: wherefore art thou?');
    const body = xml('body', {}, 'here, below the balcony');
    romeo.send(message('chat', { to: Jid.parse('juliet@localhost/balcony') }, body));
    await sees(/here, below the balcony/);
    await terminal.types('/quit');
  });
});
