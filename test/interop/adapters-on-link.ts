import { execFileSync } from 'node:child_process';
import { hasCommand } from './daemon.ts';
import { hasNetworkNamespaces, type Link, type Machine } from './links.ts';

/** Can packets be lost at random in a network of its own? */
export function canLosePackets(): boolean {
  if (!hasNetworkNamespaces() || !hasCommand('iptables')) return false;
  const rule = 'iptables -A INPUT -m statistic --mode random --probability 0.1 -j DROP';
  try {
    execFileSync('unshare', ['--net', 'sh', '-c', rule], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export interface AdapterLines {
  /** Of the ingress, in YAML, without its account. */
  readonly ingress: string;
  /** Of the egress, in YAML, without its account. */
  readonly egress: string;
}

/** Starts a server and an ingress on the network's machine, and an egress on its neighbour, with accounts `scada` and `plant`. */
export async function startAdapters(link: Link, { ingress, egress }: AdapterLines): Promise<void> {
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
  const near = link.file('ingress.yaml', [
    ...[to, `dataDir: ${link.directory}/ingress`, 'eventLog: none', 'ingress:'],
    `- { ${account('scada')}, ${ingress} }`,
  ]);
  const far = link.file('egress.yaml', [
    ...[to, `dataDir: ${link.directory}/egress`, 'eventLog: none', 'egress:'],
    `- { ${account('plant')}, ${egress} }`,
  ]);
  await link.startCommand('neighbour', ['adapter', '--config', far], /adapter ready/);
  await link.startCommand('network', ['adapter', '--config', near], /adapter ready/);
}

const MACHINES: readonly Machine[] = ['network', 'neighbour'];

/** From now on every tenth packet on the link is lost, in both directions. */
export function loseEveryTenthPacket(link: Link): void {
  const losing = ['-m', 'statistic', '--mode', 'random', '--probability', '0.1', '-j', 'DROP'];
  for (const machine of MACHINES) link.run(machine, ['iptables', '-A', 'INPUT', '-i', 'link0', ...losing]);
}

/** Cuts the link, without anybody being told. @returns a function that joins it again */
export function cutLink(link: Link): () => void {
  const rule = ['INPUT', '-i', 'link0', '-j', 'DROP'];
  for (const machine of MACHINES) link.run(machine, ['iptables', '-A', ...rule]);
  return () => {
    for (const machine of MACHINES) link.run(machine, ['iptables', '-D', ...rule]);
  };
}
