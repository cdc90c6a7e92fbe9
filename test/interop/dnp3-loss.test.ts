import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { canLosePackets, cutLink, loseEveryTenthPacket, startAdapters } from './adapters-on-link.ts';
import { DNP3_PYTHON } from './dnp3-python.ts';
import { Link } from './links.ts';

const SIMULATOR = fileURLToPath(new URL('../../packages/dnp3/dist/simulator/main.js', import.meta.url));
const ROUNDS = 30;

async function plant(): Promise<Link> {
  const link = new Link();
  onTestFinished(() => link.close());
  await link.start('neighbour', ['node', SIMULATOR, '--listen', '127.0.0.1:20000'], /outstation ready/);
  await startAdapters(link, {
    ingress:
      'protocol: dnp3, listen: "127.0.0.1:20000", timeoutMs: 18000, routes: [{ outstations: 10, to: plant@plant.example }]',
    egress:
      'protocol: dnp3, masters: [{ jid: scada@plant.example, writes: true }], lines: [{ connect: "127.0.0.1:20000" }]',
  });
  return link;
}

it.skipIf(!canLosePackets() || !DNP3_PYTHON)(
  'OpenDNP3 polls and operates through a network that loses every tenth packet (skipped unless it and iptables are there and networks can be made)',
  async () => {
    const link = await plant();
    loseEveryTenthPacket(link);
    const args = ['127.0.0.1', '20000', String(ROUNDS)];
    const seen = link.runPeer('network', 'opendnp3_over_loss.py', args, DNP3_PYTHON);
    // Loss makes it slow, not wrong; TCP makes up for it.
    expect(seen).toMatchObject({ wrong: 0, failed: 0, unknown: 0, read: ROUNDS, operated: ROUNDS });
  },
);

it.skipIf(!canLosePackets() || !DNP3_PYTHON)(
  'OpenDNP3 goes on after the network was cut within its requests, and is told nothing wrong (skipped unless it and iptables are there and networks can be made)',
  async () => {
    const link = await plant();
    const running = link.startPeer('network', 'opendnp3_over_loss.py', ['127.0.0.1', '20000', '60'], DNP3_PYTHON);
    await delay(1500);
    const join = cutLink(link);
    await delay(4000);
    join();
    const seen = (await running) as Record<'wrong' | 'read' | 'operated' | 'unknown' | 'failed' | 'seconds', number>;
    expect(seen.wrong).toBe(0);
    expect(seen.operated + seen.unknown).toBe(60);
    expect(seen.read + seen.failed).toBe(60);
    // What was on its way when it was cut may be lost, and no more than that.
    expect(seen.unknown + seen.failed).toBeLessThanOrEqual(2);
  },
);
