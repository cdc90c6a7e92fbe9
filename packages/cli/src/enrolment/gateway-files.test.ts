import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gatewayConfigSchema } from '@thingward/gateway';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readGatewayTemplate, writeGateway } from './gateway-files.ts';

const SERVER = { domain: 'example.org', fingerprint: `sha256:${'AB:'.repeat(31)}AB` };
const DEVICE = { jid: 'rack1@example.org', label: 'Rack', password: 'secret', claim: 'IoTDisco;SN:1;KEY:k' };

describe('what is copied onto a device', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'thingward-template-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function template(text: string) {
    const file = join(directory, 'template.yaml');
    writeFileSync(file, text);
    return readGatewayTemplate(file, SERVER);
  }
  const read = (name: string) => readFileSync(join(directory, 'gateways', 'rack1', name), 'utf8');

  it('is a configuration that can be used, and the password beside it', () => {
    const labels = writeGateway(directory, template('things: [{ driver: direct-io }]'), DEVICE, SERVER);
    expect(labels).toEqual([{ name: 'Rack', jid: DEVICE.jid, uri: DEVICE.claim }]);
    const config = parse(read('gateway.yaml'));
    expect(config).toMatchObject({ server: SERVER, things: [{ name: 'Rack', claim: DEVICE.claim }] });
    expect(gatewayConfigSchema.parse(config).things).toHaveLength(1);
    expect(read('device.password')).toBe('secret\n');
    expect(statSync(join(directory, 'gateways', 'rack1', 'device.password')).mode & 0o777).toBe(0o600);
  });

  it('has a KEY and a label for each node, the same when it is made again', () => {
    const nodes = template(
      'server: { ca: ca.pem }\nthings: [{ driver: direct-io, name: A, node: { nodeId: a }, tags: { V: 1 } }, { driver: direct-io, name: B, node: { nodeId: b } }]',
    );
    const labels = writeGateway(directory, nodes, DEVICE, SERVER);
    expect(labels.map(({ node, uri }) => [node?.nodeId, uri.replace(/KEY:[\da-f]{32}/, 'KEY:-')])).toEqual([
      ['a', 'IoTDisco;NAME:A;#V:1;KEY:-'],
      ['b', 'IoTDisco;NAME:B;KEY:-'],
    ]);
    const config = parse(read('gateway.yaml'));
    expect(config.things.map(({ claim }: { claim: string }) => claim)).toEqual(labels.map(({ uri }) => uri));
    expect(config.server).toEqual({ domain: 'example.org', ca: 'ca.pem' });
    expect(gatewayConfigSchema.parse(config).things).toHaveLength(2);
    expect(writeGateway(directory, nodes, DEVICE, SERVER)).toEqual(labels);
  });

  it.each([
    [
      'things: [{ driver: direct-io, account: { jid: a@b, password: c } }]',
      /things\[0\]\.account: is each device’s own/,
    ],
    ['things: [{ driver: direct-io, tags: { SN: "1" } }]', /things\[0\]\.tags: come from the list/],
    ['things: [{ driver: direct-ioo }]', /things\[0\]\.driver: /],
    [
      'things: [{ driver: direct-io }, { driver: direct-io }]',
      /things\[1\]\.account: things\[0\] has the same address/,
    ],
    ['things: []', /it needs "things"/],
    ['things: [', /template\.yaml: /],
  ])('can’t be made of %s', (text, message) => {
    expect(() => template(text)).toThrow(message);
  });
});
