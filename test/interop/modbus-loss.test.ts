import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { canLosePackets, loseEveryTenthPacket, startAdapters } from './adapters-on-link.ts';
import { Link } from './links.ts';
import { hasPythonPackage } from './python.ts';

const SIMULATOR = fileURLToPath(new URL('../../packages/modbus/dist/simulator/main.js', import.meta.url));
const ROUNDS = 60;

it.skipIf(!canLosePackets() || !hasPythonPackage('pymodbus'))(
  'reads and writes through a network that loses every tenth packet, each write once (skipped unless iptables and pymodbus are there and networks can be made)',
  async () => {
    const link = new Link();
    onTestFinished(() => link.close());
    await link.start('neighbour', ['node', SIMULATOR, '--listen', '127.0.0.1:1502'], /plc ready/);
    await startAdapters(link, {
      ingress:
        'protocol: modbus, listen: "127.0.0.1:1502", timeoutMs: 15000, routes: [{ units: 1, to: plant@plant.example }]',
      egress:
        'protocol: modbus, masters: [{ jid: scada@plant.example, writes: true }], lines: [{ connect: "127.0.0.1:1502" }]',
    });
    loseEveryTenthPacket(link);
    const seen = link.runPeer('network', 'pymodbus_over_loss.py', ['127.0.0.1', '1502', String(ROUNDS)]);
    // Loss makes it slow, not wrong; TCP makes up for it.
    expect(seen).toMatchObject({ wrong: 0, failed: 0, unknown: 0, read: ROUNDS, written: ROUNDS });
  },
);
