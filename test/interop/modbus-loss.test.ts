import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { hasCommand } from './daemon.ts';
import { hasNetworkNamespaces, Link } from './links.ts';
import { hasPythonPackage } from './python.ts';

const SIMULATOR = fileURLToPath(new URL('../../packages/modbus/dist/simulator/main.js', import.meta.url));
const ROUNDS = 60;

/** Can packets be lost at random in a network of its own? */
function canLosePackets(): boolean {
  if (!hasNetworkNamespaces() || !hasCommand('iptables')) return false;
  const rule = 'iptables -A INPUT -m statistic --mode random --probability 0.1 -j DROP';
  try {
    execFileSync('unshare', ['--net', 'sh', '-c', rule], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

it.skipIf(!canLosePackets() || !hasPythonPackage('pymodbus'))(
  'reads and writes through a network that loses every tenth packet, each write once (skipped unless iptables and pymodbus are there and networks can be made)',
  async () => {
    const link = new Link();
    onTestFinished(() => link.close());
    const doors = 'listen: { c2s: 10.77.0.1:5222 }';
    const server = link.file('accounts.yaml', ['domain: plant.example', `dataDir: ${link.directory}/data`, doors]);
    for (const name of ['scada', 'plant']) {
      link.runCommand('network', ['user', 'add', name, '--password-stdin', '--config', server], name);
    }
    await link.startCommand('network', ['serve', '--config', server], /certificate:/);
    const [certificate = ''] = link.run('network', [
      'openssl',
      ...['x509', '-noout', '-fingerprint', '-sha256', '-in', `${link.directory}/data/tls/certificate.pem`],
    ]);
    const fingerprint = certificate.replace(/^.*=/, '');
    const to = `server: { domain: plant.example, host: 10.77.0.1, port: 5222, fingerprint: "${fingerprint}" }`;
    const account = (name: string) => `account: { jid: ${name}@plant.example, password: ${name} }`;
    const ingress = link.file('ingress.yaml', [
      ...[to, `dataDir: ${link.directory}/ingress`, 'eventLog: none', 'ingress:'],
      `- { ${account('scada')}, protocol: modbus, listen: "127.0.0.1:1502", timeoutMs: 15000, routes: [{ units: 1, to: plant@plant.example }] }`,
    ]);
    const egress = link.file('egress.yaml', [
      ...[to, `dataDir: ${link.directory}/egress`, 'eventLog: none', 'egress:'],
      `- { ${account('plant')}, protocol: modbus, masters: [{ jid: scada@plant.example, writes: true }], lines: [{ connect: "127.0.0.1:1502" }] }`,
    ]);
    await link.start('neighbour', ['node', SIMULATOR, '--listen', '127.0.0.1:1502'], /plc ready/);
    await link.startCommand('neighbour', ['adapter', '--config', egress], /adapter ready/);
    await link.startCommand('network', ['adapter', '--config', ingress], /adapter ready/);
    for (const machine of ['network', 'neighbour'] as const) {
      const losing = ['-m', 'statistic', '--mode', 'random', '--probability', '0.1', '-j', 'DROP'];
      link.run(machine, ['iptables', '-A', 'INPUT', '-i', 'link0', ...losing]);
    }
    const seen = link.runPeer('network', 'pymodbus_over_loss.py', ['127.0.0.1', '1502', String(ROUNDS)]);
    // Loss makes it slow, not wrong; TCP makes up for it.
    expect(seen).toMatchObject({ wrong: 0, failed: 0, unknown: 0, read: ROUNDS, written: ROUNDS });
  },
);
