import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  CONTROL_DIALECTS,
  EVENT_DIALECTS,
  getControlForm,
  READOUT_DIALECTS,
  readSensorData,
  setParameters,
  subscribeToEvents,
} from '@thingward/things';
import { parseElement } from '@thingward/xml';
import { DISCO_INFO, discoInfo, encodeDiscoInfo, type Jid, presence } from '@thingward/xmpp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Plant, type User } from '../plant.ts';

const run = promisify(execFile);
const COMMAND = new URL('../../packages/cli/bin/thingward.js', import.meta.url).pathname;

/** Things of the gateway, and one of another maker, spoken to through the real server in each dialect. */
describe('the dialects of sensor data, control and events', () => {
  let plant: Plant;
  let owner: User;
  let lamp: Jid;

  beforeAll(async () => {
    plant = await Plant.start();
    owner = await plant.signIn('owner');
    lamp = await plant.claim(owner, 'lamp');
  });
  afterAll(async () => {
    await plant?.stop();
  });

  it('are all said to be spoken by the Things of the gateway', async () => {
    const { features } = await discoInfo(owner.client, lamp);
    const all = [...READOUT_DIALECTS, ...CONTROL_DIALECTS, ...EVENT_DIALECTS].map(({ namespace }) => namespace);
    expect(all).toHaveLength(9);
    expect(features).toEqual(expect.arrayContaining(all));
  });

  it.each(READOUT_DIALECTS.map((dialect, i) => [dialect.namespace, dialect, i] as const))(
    'a lamp is read, set and watched in %s',
    async (_, dialect, i) => {
      const control = CONTROL_DIALECTS[i];
      const events = EVENT_DIALECTS[i];
      const read = async () => {
        const values = new Map<string, unknown>();
        for await (const fields of readSensorData(owner.client, lamp, {}, { dialect })) {
          for (const { name, value } of fields) values.set(name, value.value);
        }
        return values;
      };
      const { parameters } = await getControlForm(owner.client, lamp, { dialect: control });
      expect(parameters.map(({ parameter }) => parameter.name)).toEqual(['Lamp', 'Dimmer']);
      await setParameters(owner.client, lamp, new Map([['Dimmer', { type: 'double', value: String(30 + i) }]]), {
        dialect: control,
      });
      expect(plant.lamp.dimmer).toBe(30 + i);
      await vi.waitFor(async () => expect((await read()).get('Dimmer')).toBe(String(30 + i)));
      const seen: unknown[] = [];
      const wish = { fields: [{ name: 'Dimmer', changedBy: 1 }] };
      for await (const fields of subscribeToEvents(owner.client, lamp, wish, { dialect: events })) {
        seen.push(...fields.map(({ value }) => value.value));
        if (seen.at(-1) === String(80 + i)) break;
        plant.lamp.dimmer = 80 + i;
      }
      // The first is of the last poll.
      expect(seen.length).toBeGreaterThanOrEqual(2);
    },
  );

  it('a Thing that speaks one of the later ones alone is read, set and watched on the command line', async () => {
    const other = await plant.signIn('stranger');
    const { client } = other;
    let output = false;
    const settings: string[] = [];
    const values = () =>
      `<ts v='2024-05-01T12:00:00Z'><q n='Temperature' m='true' ar='true' v='10.00' u='°C'/><b n='Output' m='true' ctr='true' v='${output}'/></ts>`;
    const sd = 'urn:nf:iot:sd:1.0';
    const ctr = 'urn:nf:iot:ctr:1.0';
    const features = [sd, ctr, 'urn:nf:iot:events:1.0'];
    client.onIq('get', { name: 'query', namespace: DISCO_INFO }, () => encodeDiscoInfo({ identities: [], features }));
    client.onIq('get', { name: 'req', namespace: sd }, ({ payload }) =>
      parseElement(`<resp xmlns='${sd}' id='${payload.attribute('id')}'>${values()}</resp>`),
    );
    client.onIq('get', { name: 'getForm', namespace: ctr }, () =>
      parseElement(
        `<x xmlns='jabber:x:data' type='form'><field var='Output' type='boolean' label='Output'><value>${output}</value><pGroup xmlns='${ctr}' n='g'/></field></x>`,
      ),
    );
    client.onIq('set', { name: 'set', namespace: ctr }, ({ payload }) => {
      settings.push(payload.elements.map(String).join());
      output = true;
      return parseElement(`<resp xmlns='${ctr}'><p n='Output'/></resp>`);
    });
    client.onIq('get', { name: 'subscribe', namespace: 'urn:nf:iot:events:1.0' }, ({ payload, from }) => {
      const id = payload.attribute('id');
      const event = parseElement(
        `<message xmlns='jabber:client'><resp xmlns='${sd}' id='${id}'>${values()}</resp></message>`,
      );
      setTimeout(() => client.send(event.with({ to: from.toString() })), 50);
      return parseElement(`<accepted xmlns='${sd}' id='${id}'/>`);
    });
    client.send(presence(undefined, {}));
    const profile = join(plant.directory, 'owner.yaml');
    const server = { host: '127.0.0.1', port: plant.ports.c2s, fingerprint: plant.server.tls.fingerprint };
    await writeFile(profile, JSON.stringify({ jid: 'owner@localhost', password: 'secret-owner', server }));
    const thing = client.jid.toString();
    const command = (...args: string[]) => run(process.execPath, [COMMAND, ...args, '--profile', profile, '--json']);

    const { stdout: fields } = await command('read', thing);
    expect(
      fields
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { name: 'Temperature', value: '10.00', unit: '°C' },
      { name: 'Output', value: false },
    ]);
    await command('set', thing, 'Output=on');
    expect(settings).toEqual([expect.stringMatching(/^<b .*n='Output' v='true'\/>$/)]);
    const { stdout: watched } = await command('watch', thing, 'Output', '--count', '1');
    expect(JSON.parse(watched.trim())).toMatchObject({ name: 'Output', value: true });
  });
});
