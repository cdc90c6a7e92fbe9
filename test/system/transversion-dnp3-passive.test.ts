import { DeviceConnections, Gateway, GatewayConfigError, gatewayConfigSchema, gatewayLabels } from '@thingward/gateway';
import { claimThing, parseIoTDisco, queryHistory, readSensorData, setParameters } from '@thingward/things';
import { Jid, Roster, XmppClient } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { SERVICES } from '../../packages/cli/src/services.ts';
import { AdapterStage } from '../adapter-stage.ts';
import { connectMaster, dnp3Ends, substation } from '../dnp3-ends.ts';

const POINTS = [
  { name: 'Voltage', kind: 'analog', index: 0, unit: 'V' },
  { name: 'Door', kind: 'binary', index: 3, types: ['status'] },
  { name: 'Set-point', kind: 'analog-output', index: 0, unit: 'V', writable: { command: 'direct' } },
  { name: 'Fan', kind: 'binary-output', index: 1, writable: {} },
] as const;

/** What a DNP3 master polls through both adapters, as a Thing beside them that polls nothing. */
describe('a passive DNP3 Thing', { timeout: 60_000 }, () => {
  const stage = new AdapterStage(['scada', 'plant', 'bay', 'owner'], { services: SERVICES });
  const { egress, ingress } = dnp3Ends(stage);
  beforeAll(() => stage.start());
  afterAll(() => stage.stop());

  /** @param more keys of the outstation */
  function gateway(port: number, connections: DeviceConnections, more: object = {}) {
    const config = gatewayConfigSchema.parse({
      server: stage.server(),
      dataDir: `gateway-${Math.random()}`,
      eventLog: 'none',
      things: [
        {
          account: stage.account('bay'),
          name: 'Bay',
          driver: 'dnp3-tcp',
          dnp3: { host: '127.0.0.1', port, master: 7, passive: true, pollMs: 100, points: POINTS, ...more },
        },
      ],
    });
    const started = new Gateway(config, { baseDirectory: stage.directory, connections });
    onTestFinished(() => started.stop());
    return { started, config };
  }

  async function owner() {
    const { domain, host, port, fingerprint } = stage.server();
    const client = new XmppClient({
      ...{ jid: Jid.parse('owner@localhost'), password: 'owner' },
      connect: tcpConnector({ domain, host, port, tls: 'starttls', trust: { fingerprint } }),
    });
    const roster = new Roster(client);
    roster.reciprocate();
    onTestFinished(() => client.stop());
    client.start();
    await client.ready(AbortSignal.timeout(10_000));
    return { client, roster };
  }

  it('has what its master polls and is told in its history, with units, and passes commands on beside it', async () => {
    const device = await substation({ unsolicited: true });
    const connections = new DeviceConnections();
    const { started, config } = gateway(device.port, connections);
    await started.start();
    await started.ready(AbortSignal.timeout(20_000));
    await egress(device.port, {}, { connections });
    const scada = await connectMaster((await ingress()).port);
    const { client, roster } = await owner();
    const [label] = gatewayLabels(config, stage.directory);
    const { jid } = await claimThing(client, Jid.parse('registry.localhost'), parseIoTDisco(label?.uri ?? ''), {});
    roster.subscribe(jid);
    const bay = await roster.waitForResource(jid, { timeoutMs: 10_000 });

    await scada.integrityPoll();
    await scada.enableUnsolicited([1, 2, 3]);
    const changed = Date.now() - 60_000;
    device.outstation.database.update('binary', 3, { value: 1, time: changed });
    const history = async (name: string) => {
      const { series } = await queryHistory(client, Jid.parse('history.localhost'), { thing: jid, names: [name] });
      return series[0];
    };
    await vi.waitFor(
      async () => {
        expect((await history('Voltage'))?.points[0]?.value).toBe('400');
        expect((await history('Voltage'))?.unit).toBe('V');
        // An event, once, with the time of the outstation.
        const door = (await history('Door'))?.points ?? [];
        expect(door.filter(({ timestamp }) => timestamp.getTime() === changed)).toHaveLength(1);
      },
      { timeout: 15_000, interval: 200 },
    );

    await setParameters(client, bay, new Map([['Set-point', { type: 'double', value: '402' }]]), { timeoutMs: 5000 });
    expect(device.process.inputs.voltageSetpoint).toBe(402);
    await setParameters(client, bay, new Map([['Fan', { type: 'boolean', value: true }]]), { timeoutMs: 5000 });
    expect(device.process.inputs.fanOn).toBe(true);
    const fields = [];
    for await (const batch of readSensorData(client, bay, { names: ['Voltage'] }, { timeoutMs: 5000 }))
      fields.push(...batch);
    expect(fields.map(({ name }) => name)).toContain('Voltage');
    // The master goes on as if nobody else were there.
    expect((await scada.integrityPoll()).measurements.length).toBeGreaterThan(10);
  });

  it('does not speak from the address of a master', async () => {
    const device = await substation();
    const connections = new DeviceConnections();
    gateway(device.port, connections, { master: 1 });
    await expect(egress(device.port, {}, { connections })).rejects.toThrow(GatewayConfigError);
    await expect(egress(device.port, {}, { connections })).rejects.toThrow('give the Thing another dnp3.master');
  });
});
