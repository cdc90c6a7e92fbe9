import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Plant } from '../plant.ts';
import { hasPythonPackage, runPeer } from './python.ts';

describe.skipIf(!hasPythonPackage('slixmpp'))('slixmpp (skipped unless the Python package slixmpp is there)', () => {
  let plant: Plant;

  beforeAll(async () => {
    plant = await Plant.start();
    const owner = await plant.signIn('owner');
    await plant.claim(owner, 'plc');
    await owner.client.stop();
  });
  afterAll(() => plant?.stop());

  it('signs in over STARTTLS, reads a Thing and controls it', async () => {
    const seen = await runPeer('slixmpp_read_and_set.py', [
      '127.0.0.1',
      String(plant.ports.c2s),
      plant.server.tls.certificateFile,
      'owner@localhost',
      'secret-owner',
      'plc@localhost',
    ]);
    expect(seen.cipher).toMatch(/^TLSv1\.[23]$/);
    expect(seen.ping).toBe(true);
    expect(seen.features).toEqual(expect.arrayContaining(['urn:xmpp:iot:sensordata', 'urn:xmpp:iot:control']));
    expect(seen.results).toEqual(expect.arrayContaining(['accepted', 'fields', 'done']));
    expect(seen.fields).toMatchObject({
      Level: { typename: 'numeric', unit: '%', value: expect.stringMatching(/^\d+\.\d$/) },
      'Inlet Valve': { typename: 'boolean', value: 'true' },
    });
    // Its plug-in looks for the responseCode of an early draft; the published XEP answers success with an empty setResponse.
    expect(seen.control).toBe('');
    expect(plant.process.inputs.valveOpening).toBe(33.5);
    expect(plant.process.inputs.inletValveOpen).toBe(false);
  });

  it('a wrong password is refused', async () => {
    const args = [
      '127.0.0.1',
      String(plant.ports.c2s),
      plant.server.tls.certificateFile,
      'owner@localhost',
      'wrong',
      'plc@localhost',
    ];
    await expect(runPeer('slixmpp_read_and_set.py', args)).rejects.toThrow(/authentication failed/);
  });
});
