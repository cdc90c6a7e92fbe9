import { isXmlText, parseElement } from '@thingward/xml';
import { Jid } from '@thingward/xmpp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryNetwork, until } from '../../test/memory-network.ts';
import { batches, field, MemoryThing } from '../../test/memory-thing.ts';
import type { ControlParameter } from '../control/parameter.ts';
import type { FieldValue } from '../sensor-data/field.ts';
import { PayloadError } from '../thing/payload.ts';
import { ReadoutError } from '../thing/thing.ts';
import { checkInterfaces } from './check.ts';
import { checkThing } from './check-thing.ts';
import { getInterfaces } from './client.ts';
import { decodeGetInterfaces, decodeInterfaces, encodeGetInterfaces, encodeInterfaces } from './codec.ts';
import { findInterface, isUndefinedInterface } from './find-interface.ts';
import { InterfaceKeeper } from './interface-keeper.ts';
import { INTERFACES } from './interfaces/index.ts';
import { InteroperabilityError, speaksNoInterfaces } from './serve.ts';
import { interfaceView } from './views.ts';

const NS = "xmlns='urn:xmpp:iot:interoperability'";
const wire = (element: { toString(): string }) => parseElement(element.toString());
const numeric = (value: string, unit: string): FieldValue => ({ type: 'numeric', value, unit });
const problems = (names: readonly string[], features: Parameters<typeof checkInterfaces>[1]) =>
  checkInterfaces(names, features).map(({ code, name }) => `${code} ${name ?? ''}`.trim());

const LAMP: ControlParameter = { name: 'Lamp', type: 'boolean', label: 'Lamp' };
const DIMMER: ControlParameter = { name: 'Dimmer', type: 'double', label: 'Dimmer', min: 0, max: 100 };

describe('the interfaces of the document', () => {
  test('are all there, each once', () => {
    expect(INTERFACES).toHaveLength(98);
    expect(new Set(INTERFACES.map(({ name }) => name)).size).toBe(98);
    const count = (of: (one: (typeof INTERFACES)[number]) => readonly unknown[]) =>
      INTERFACES.filter(({ name }) => !name.startsWith('XMPP.IoT.Security.') || !ALARMS.includes(name)).reduce(
        (sum, one) => sum + of(one).length,
        0,
      );
    expect([count(({ fields }) => fields), count(({ parameters }) => parameters)]).toEqual([267, 64]);
  });

  /** Those that are described as being like Alarm. */
  const ALARMS = ['Burglar', 'CO', 'CO2', 'Emergency', 'Gas', 'Heat', 'Movement', 'Smoke', 'Water'].map(
    (kind) => `XMPP.IoT.Security.${kind}`,
  );

  test('of alarms are alike', () => {
    for (const name of ALARMS) {
      expect(findInterface(name)).toMatchObject({
        name,
        fields: [{ name: 'State', isRequired: true, value: 'boolean' }],
      });
    }
  });

  test('are found by name, aggregations too', () => {
    expect(
      findInterface('XMPP.IoT.Meter.Electricity.Average')?.fields.map(({ name, isRequired }) => [name, isRequired]),
    ).toEqual([
      ['Power, Average', true],
      ['Power, Average, Start', false],
      ['Power, Average, Stop', false],
    ]);
    expect(findInterface('XMPP.IoT.Meter.Electricity.Consumption')?.fields[0]).toMatchObject({
      name: 'Energy, Consumption',
    });
    expect(findInterface('XMPP.IoT.Sensor.Temperature.Max')?.fields[0]).toMatchObject({ types: ['peak', 'computed'] });
    expect(findInterface('XMPP.IoT.Sensor.Temperature.History')?.fields).toHaveLength(1);
    expect(findInterface('XMPP.IoT.Actuator.Lamp.TimeChannels')).toMatchObject({ fields: [] });
    expect(findInterface('XMPP.IoT.Sensor.Temperature.Median')).toBeUndefined();
    expect(findInterface('XMPP.IoT.Sensor.Temperature.toString')).toBeUndefined();
    expect(isUndefinedInterface('XMPP.IoT.Sensor.Warmth')).toBe(true);
    expect(isUndefinedInterface('Example.Warmth')).toBe(false);
  });

  test('each say how to show a Thing', () => {
    for (const { name, fields, parameters } of INTERFACES) {
      const view = interfaceView(name);
      const named = new Set(
        view?.elements.flatMap((e) => ['field' in e ? e.field : undefined, 'parameter' in e ? e.parameter : undefined]),
      );
      for (const item of [...fields, ...parameters]) expect(named.has(item.name)).toBe(true);
    }
    expect(interfaceView('XMPP.IoT.Actuator.Lamp')).toEqual({
      symbol: 'lamp',
      elements: [{ kind: 'switch', parameter: 'Lamp', field: 'Lamp' }],
    });
    expect(interfaceView('XMPP.IoT.Actuator.Blinds')?.elements[0]).toMatchObject({ kind: 'slider', min: 0, max: 100 });
    expect(interfaceView('XMPP.IoT.Identity.Wink')?.elements).toEqual([{ kind: 'button', parameter: 'Wink' }]);
    expect(interfaceView('XMPP.IoT.Network.Radio')?.elements).toContainEqual({
      kind: 'gauge',
      field: 'Radio, Signal Quality',
    });
    expect(interfaceView('Example.Warmth')).toBeUndefined();
  });
});

describe('a Thing is checked for', () => {
  test.each<[string, readonly string[], Parameters<typeof checkInterfaces>[1], readonly string[]]>([
    ['what it keeps', ['XMPP.IoT.Actuator.Lamp'], { fields: [], parameters: [LAMP] }, []],
    ['parameters', ['XMPP.IoT.Actuator.Lamp'], { fields: [], parameters: [] }, ['missing-parameter Lamp']],
    [
      'their types',
      ['XMPP.IoT.Actuator.Lamp'],
      { fields: [], parameters: [{ ...LAMP, type: 'string' }] },
      ['wrong-parameter-type Lamp'],
    ],
    ['their ranges', ['XMPP.IoT.Actuator.Dimmer'], { fields: [], parameters: [DIMMER] }, []],
    [
      'their ranges too',
      ['XMPP.IoT.Actuator.Dimmer'],
      { fields: [], parameters: [{ ...DIMMER, max: 1 }] },
      ['wrong-parameter-range Dimmer'],
    ],
    ['fields', ['XMPP.IoT.Sensor.Temperature'], { fields: [], parameters: [] }, ['missing-field Temperature']],
    ['fields only where they are known', ['XMPP.IoT.Sensor.Temperature'], { parameters: [] }, []],
    [
      'their values',
      ['XMPP.IoT.Sensor.Temperature'],
      { fields: [field('Temperature', '', { value: { type: 'string', value: 'warm' } })], parameters: [] },
      ['wrong-field-value Temperature'],
    ],
    [
      'their kinds',
      ['XMPP.IoT.Sensor.Temperature'],
      { fields: [field('Temperature', '1', { types: ['identity'] })], parameters: [] },
      ['wrong-field-type Temperature'],
    ],
    [
      'their units',
      ['XMPP.IoT.Sensor.Direction', 'XMPP.IoT.Actuator.Blinds'],
      {
        fields: [
          field('Direction', '', { value: numeric('1', 'm') }),
          field('Blinds', '', { value: numeric('1', '‰') }),
        ],
        parameters: [{ ...DIMMER, name: 'Blinds' }],
      },
      ['wrong-unit Direction', 'wrong-unit Blinds'],
    ],
    [
      'numbered fields',
      ['XMPP.IoT.Sensor.AnalogInputs'],
      { fields: [field('Analog Input 0', '1'), field('Analog Input x', '1')], parameters: [] },
      ['missing-field Analog Input %1%'],
    ],
    [
      'numbered fields that are there',
      ['XMPP.IoT.Sensor.AnalogInputs'],
      { fields: [field('Analog Input 12', '1')], parameters: [] },
      [],
    ],
    ['interfaces that there are', ['XMPP.IoT.Nonsense', 'Example.Own'], { parameters: [] }, ['unknown-interface']],
  ])('%s', (_, names, features, expected) => {
    expect(problems(names, features)).toEqual(expected);
  });

  test('what it gives when it is read, but for the past', async () => {
    const thing = new MemoryThing({ parameters: [LAMP], batches: () => batches([field('Temperature', '20')]) });
    const names = ['XMPP.IoT.Sensor.Temperature', 'XMPP.IoT.Sensor.Temperature.History', 'XMPP.IoT.Sensor.Humidity'];
    const found = await checkThing(thing, names, { signal: new AbortController().signal, timeoutMs: 100 });
    expect(found).toMatchObject([{ interface: 'XMPP.IoT.Sensor.Humidity', code: 'missing-field' }]);
    expect(thing.selection?.types).not.toContain('historicalDay');
  });
});

describe('on the wire', () => {
  test('requests and answers come back as they were', () => {
    const text = fc.string({ unit: 'binary', maxLength: 12 }).filter(isXmlText);
    fc.assert(
      fc.property(text, fc.array(text), (nodeId, names) => {
        const request = {
          node: nodeId === '' ? undefined : { nodeId },
          serviceToken: 'a',
          deviceToken: undefined,
          userToken: undefined,
        };
        expect(decodeGetInterfaces(wire(encodeGetInterfaces(request)))).toEqual(request);
        expect(decodeInterfaces(wire(encodeInterfaces(names)))).toEqual(names);
      }),
    );
  });

  test('the example of the document', () => {
    expect(decodeGetInterfaces(parseElement(`<getInterfaces ${NS}/>`)).node).toBeUndefined();
    const names = ['Sensor.DewPoint', 'Sensor.RainRate', 'Sensor.DewPoint.History', 'Identity.Clock', 'Media.Camera'];
    const items = names.map((name) => `<interface name='XMPP.IoT.${name}'/>`).join('\n          ');
    const answer = parseElement(`<getInterfacesResponse ${NS}>${items}</getInterfacesResponse>`);
    const decoded = decodeInterfaces(answer);
    expect(decoded).toEqual(names.map((name) => `XMPP.IoT.${name}`));
    expect(decodeInterfaces(wire(encodeInterfaces(decoded)))).toEqual(decoded);
  });

  test.each([
    ['<getInterfaces/>', decodeGetInterfaces],
    [`<getInterfaces ${NS} sourceId='a'/>`, decodeGetInterfaces],
    [`<getInterfacesResponse ${NS}><interface/></getInterfacesResponse>`, decodeInterfaces],
  ])('%s is refused', (xml, decode) => {
    expect(() => decode(parseElement(xml))).toThrow(PayloadError);
  });

  test('Things say what they have to those who may read them', async () => {
    const network = new MemoryNetwork();
    const host = network.join('plc@example.org/gateway');
    const friend = network.join('friend@example.org/x');
    const [lamp, tank] = [new MemoryThing({ nodeId: 'lamp', parameters: [LAMP] }), new MemoryThing({ nodeId: 'tank' })];
    const warnings: object[] = [];
    const log = { debug() {}, info() {}, warn: (details: object) => void warnings.push(details), error() {} };
    const names = new Map([
      [lamp, ['XMPP.IoT.Actuator.Lamp']],
      [tank, ['XMPP.IoT.Sensor.Pressure', 'Example.Tank']],
    ]);
    const keeper = new InterfaceKeeper({
      things: [lamp, tank],
      interfacesOf: (thing) => names.get(thing as MemoryThing) ?? [],
      log,
    });
    const stop = keeper.serve(host, (requester) => requester.bare.equals(Jid.parse('friend@example.org')));
    expect(await getInterfaces(friend, host.jid)).toEqual([
      'XMPP.IoT.Actuator.Lamp',
      'XMPP.IoT.Sensor.Pressure',
      'Example.Tank',
    ]);
    expect(await getInterfaces(friend, host.jid, { node: { nodeId: 'lamp' } })).toEqual(['XMPP.IoT.Actuator.Lamp']);
    await expect(getInterfaces(friend, host.jid, { node: { nodeId: 'x' } })).rejects.toMatchObject({
      condition: 'item-not-found',
    });
    await expect(getInterfaces(network.join('stranger@example.org/x'), host.jid)).rejects.toMatchObject({
      condition: 'forbidden',
    });
    await until(() => warnings.length === 1);
    expect(warnings).toEqual([
      { node: { nodeId: 'tank' }, interface: 'XMPP.IoT.Sensor.Pressure', problem: 'missing-field' },
    ]);
    stop();
    await keeper.stop();
    expect(speaksNoInterfaces(await getInterfaces(friend, host.jid).catch((error: unknown) => error))).toBe(true);
  });

  test('an interface that there is not is refused at once', () => {
    const thing = new MemoryThing();
    expect(() => new InterfaceKeeper({ things: [thing], interfacesOf: () => ['XMPP.IoT.Sensor.Warmth'] })).toThrow(
      InteroperabilityError,
    );
  });

  test('a Thing that can not be read is checked when it can', async () => {
    let isThere = false;
    const thing = new MemoryThing({
      batches: () => {
        if (!isThere) throw new ReadoutError('away');
        return batches([field('Level', '1')]);
      },
    });
    const warnings: object[] = [];
    const infos: object[] = [];
    const log = {
      debug() {},
      info: (d: object) => void infos.push(d),
      warn: (d: object) => void warnings.push(d),
      error() {},
    };
    const keeper = new InterfaceKeeper({
      things: [thing],
      interfacesOf: () => ['XMPP.IoT.Sensor.Mass'],
      log,
      retryMs: 5,
    });
    keeper.serve(new MemoryNetwork().join('a@b/c'), () => true);
    await until(() => infos.length > 1);
    isThere = true;
    await until(() => warnings.length === 1);
    await keeper.stop();
  });
});
