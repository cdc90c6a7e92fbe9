import { xml } from '@thingward/xml';
import { Jid, message } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MemoryNetwork, type MemoryPeer, until } from '../../test/memory-network.ts';
import { MemoryThing } from '../../test/memory-thing.ts';
import { ControlUnknownError } from '../thing/thing.ts';
import { getControlForm, setParameters } from './client.ts';
import { CONTROL_NAMESPACE, encodeControlRequest } from './codec.ts';
import { type ControlParameter, ParameterError, type ParameterValue } from './parameter.ts';
import { type ControlServer, type ControlServerOptions, serveControl } from './serve.ts';

const DEVICE = Jid.parse('dimmer@example.org/thing');
const PARAMETERS: readonly ControlParameter[] = [
  { name: 'FadeTime', type: 'int', label: 'Fade time', unit: 'ms', min: 0, max: 4095 },
  { name: 'Output', type: 'double', label: 'Output', unit: '%', min: 0, max: 100 },
  { name: 'Serial', type: 'long', label: 'Serial', max: 9007199254740992 },
  { name: 'Switch', type: 'boolean', label: 'Main switch' },
  { name: 'Mode', type: 'string', label: 'Mode', options: [{ label: 'By hand', value: 'manual' }] },
];

/** Much like the others: bounds that are narrower, a type that is another, no choices in common. */
const TWO: readonly ControlParameter[] = [
  { name: 'Switch', type: 'boolean', label: 'Main switch' },
  { name: 'FadeTime', type: 'int', label: 'Fade time', unit: 'ms', min: 100, max: 4000 },
  { name: 'Output', type: 'double', label: 'Output', unit: '%', min: 0 },
  { name: 'Serial', type: 'int', label: 'Serial' },
  { name: 'Mode', type: 'string', label: 'Mode', options: [{ label: 'By itself', value: 'auto' }] },
];

let network: MemoryNetwork;
let client: MemoryPeer;
let server: ControlServer | undefined;

beforeEach(() => {
  network = new MemoryNetwork();
  client = network.join('primary@example.org/amr');
});

afterEach(async () => {
  await server?.stop();
  expect(network.errors).toEqual([]);
});

function serve(things: readonly MemoryThing[], options: Partial<ControlServerOptions> = {}): void {
  const device = network.join(DEVICE.toString());
  server = serveControl(device, { things, mayControl: (requester) => requester.local !== 'stranger', ...options });
}

function dimmer(nodeId?: string): MemoryThing {
  return new MemoryThing({ ...(nodeId ? { nodeId } : {}), parameters: PARAMETERS });
}

const int = (value: number): ParameterValue => ({ type: 'int', value });
const set = (
  values: Record<string, ParameterValue>,
  options: Parameters<typeof setParameters>[3] = {},
  peer = client,
) => setParameters(peer, DEVICE, new Map(Object.entries(values)), options);

describe('a command', () => {
  test('sets several parameters at once, in their order, integers widened', async () => {
    const thing = dimmer();
    serve([thing]);
    await set({ Output: int(10), FadeTime: int(500), Switch: { type: 'boolean', value: true } });
    expect(thing.settings.map((values) => [...values])).toEqual([
      [
        ['Output', { type: 'double', value: '10' }],
        ['FadeTime', int(500)],
        ['Switch', { type: 'boolean', value: true }],
      ],
    ]);
    expect(network.sent('setResponse')).toHaveLength(1);
  });

  test.each<[string, Record<string, ParameterValue>, Record<string, string>, string]>([
    ['unknown', { Height: int(1) }, { parameter: 'Height' }, 'Height: there is no such parameter'],
    [
      'of the wrong type',
      { FadeTime: { type: 'string', value: '5' } },
      { parameter: 'FadeTime' },
      'expected a value of type int, got string',
    ],
    ['too large', { FadeTime: int(5000) }, { parameter: 'FadeTime' }, 'must be from 0 to 4095 ms, got 5000'],
    [
      'too small',
      { Output: { type: 'double', value: '-0.1' } },
      { parameter: 'Output' },
      'must be from 0 to 100 %, got -0.1',
    ],
    [
      'too long',
      { Serial: { type: 'long', value: 9007199254740993n } },
      { parameter: 'Serial' },
      'must be at most 9007199254740992',
    ],
    ['no choice', { Mode: { type: 'string', value: 'auto' } }, { parameter: 'Mode' }, 'must be one of "manual"'],
  ])('with a parameter that is %s is refused, and sets nothing', async (_, values, error, text) => {
    const thing = dimmer();
    serve([thing]);
    await expect(set({ Switch: { type: 'boolean', value: true }, ...values })).rejects.toMatchObject({
      name: 'ControlRefused',
      message: expect.stringContaining(text),
      errors: [error],
    });
    expect(thing.settings).toEqual([]);
  });

  test('tells about all its errors', async () => {
    serve([dimmer()]);
    await expect(set({ FadeTime: int(-1), Height: int(1) })).rejects.toMatchObject({
      cause: { condition: 'bad-request' },
      message: expect.stringMatching(/^FadeTime: .*; Height: /),
    });
    await expect(set({ Height: int(1) })).rejects.toMatchObject({ cause: { condition: 'item-not-found' } });
  });

  test('that gives a parameter twice, or nothing, is refused', async () => {
    const thing = dimmer();
    serve([thing]);
    const settings = [1, 2].map((value) => ({ name: 'FadeTime', value: int(value) }));
    const twice = encodeControlRequest({ nodes: [], settings });
    await expect(client.request('set', DEVICE, twice)).rejects.toMatchObject({ condition: 'bad-request' });
    await expect(set({})).rejects.toMatchObject({ condition: 'bad-request', text: 'set: there is nothing to set' });
    expect(thing.settings).toEqual([]);
  });

  test('of a stranger is forbidden', async () => {
    const thing = dimmer();
    serve([thing]);
    const stranger = network.join('stranger@example.org/x');
    await expect(set({ FadeTime: int(1) }, {}, stranger)).rejects.toMatchObject({ condition: 'forbidden' });
    await expect(getControlForm(stranger, DEVICE)).rejects.toMatchObject({ condition: 'forbidden' });
    stranger.send(
      message(
        'normal',
        { to: DEVICE },
        encodeControlRequest({ nodes: [], settings: [{ name: 'FadeTime', value: int(1) }] }),
      ),
    );
    await set({ Output: int(1) });
    expect(thing.settings).toHaveLength(1);
  });

  test('that is malformed says where', async () => {
    serve([dimmer()]);
    const request = xml('set', { xmlns: CONTROL_NAMESPACE }, xml('int', { name: 'FadeTime', value: 'x' }));
    await expect(client.request('set', DEVICE, request)).rejects.toMatchObject({
      condition: 'bad-request',
      text: expect.stringContaining('set/int[1]/@value'),
    });
  });
});

describe('a device', () => {
  test('that refuses a parameter', async () => {
    const thing = dimmer();
    thing.onSet = async () => {
      throw new ParameterError('rejected-by-device', 'Output', 'the lamp is locked');
    };
    serve([thing]);
    await expect(set({ Output: int(1) })).rejects.toMatchObject({
      errors: [{ parameter: 'Output', message: 'the lamp is locked' }],
    });
  });

  test('whose answer was lost: the outcome is unknown, and it is not asked again', async () => {
    const thing = dimmer();
    thing.onSet = async () => {
      throw new ControlUnknownError('the line went dead');
    };
    serve([thing]);
    await expect(set({ Output: int(1) })).rejects.toMatchObject({
      condition: 'remote-server-timeout',
      type: 'wait',
      text: 'the outcome is unknown: the line went dead',
    });
    expect(thing.settings).toHaveLength(1);
  });

  test('that hangs: the outcome is unknown', async () => {
    const thing = dimmer();
    let given: AbortSignal | undefined;
    thing.onSet = (_, signal) => {
      given = signal;
      return new Promise(() => {});
    };
    serve([thing], { timeoutMs: 20 });
    await expect(set({ Output: int(1) })).rejects.toMatchObject({ condition: 'remote-server-timeout', type: 'wait' });
    expect(given?.aborted).toBe(true);
  });

  test('that throws what nobody foresaw tells no secrets', async () => {
    const thing = dimmer();
    thing.onSet = async () => {
      throw new TypeError('password hunter2');
    };
    serve([thing]);
    await expect(set({ Output: int(1) })).rejects.toMatchObject({
      condition: 'internal-server-error',
      text: 'the outcome is unknown',
    });
  });

  test('is given a bounded number of commands at the same time', async () => {
    const thing = dimmer();
    thing.onSet = () => new Promise(() => {});
    serve([thing], { maxRunning: 1, timeoutMs: 50 });
    const first = expect(set({ Output: int(1) })).rejects.toMatchObject({ condition: 'remote-server-timeout' });
    await until(() => thing.settings.length === 1);
    await expect(set({ Output: int(2) })).rejects.toMatchObject({ condition: 'resource-constraint' });
    await first;
  });
});

describe('a command as a message', () => {
  const send = (values: Record<string, ParameterValue>) =>
    client.send(
      message(
        'normal',
        { to: DEVICE },
        encodeControlRequest({ nodes: [], settings: Object.entries(values).map(([name, value]) => ({ name, value })) }),
      ),
    );

  test('is carried out, and not answered, whatever becomes of it', async () => {
    const thing = dimmer();
    serve([thing]);
    send({ FadeTime: int(-1) });
    send({ Height: int(1) });
    client.send(message('normal', { to: DEVICE }, xml('set', { xmlns: CONTROL_NAMESPACE }, xml('int', { name: 'a' }))));
    send({ FadeTime: int(7) });
    await until(() => thing.settings.length === 1);
    expect(thing.settings[0]?.get('FadeTime')).toEqual(int(7));
    await set({ Output: int(1) });
    expect(network.conversation.filter((stanza) => stanza.attribute('from') === DEVICE.toString())).toHaveLength(1);
  });
});

describe('several nodes', () => {
  test('are checked all before any is set', async () => {
    const [one, two] = [dimmer('one'), new MemoryThing({ nodeId: 'two', parameters: PARAMETERS.slice(0, 1) })];
    serve([one, two]);
    const nodes = [{ nodeId: 'one' }, { nodeId: 'two' }];
    await expect(set({ Output: int(1) }, { nodes })).rejects.toMatchObject({ errors: [{ parameter: 'Output' }] });
    expect(one.settings).toEqual([]);
    await set({ FadeTime: int(1) }, { nodes });
    expect([one.settings.length, two.settings.length]).toEqual([1, 1]);
  });

  test('of which one fails: the answer says what was set', async () => {
    const [one, two] = [dimmer('one'), dimmer('two')];
    two.onSet = async () => {
      throw new ControlUnknownError('the line went dead');
    };
    serve([one, two]);
    await expect(set({ Output: int(1) }, { nodes: [{ nodeId: 'one' }, { nodeId: 'two' }] })).rejects.toMatchObject({
      text: 'set: one; two: the outcome is unknown: the line went dead',
    });
  });

  test('have to be named, unless the address itself is a Thing', async () => {
    serve([dimmer('one'), dimmer('two')]);
    await expect(set({ Output: int(1) })).rejects.toMatchObject({ condition: 'bad-request' });
    await expect(set({ Output: int(1) }, { nodes: [{ nodeId: 'three' }] })).rejects.toMatchObject({
      condition: 'item-not-found',
    });
    await server?.stop();
    const itself = dimmer();
    const part = dimmer('part');
    serve([part, itself]);
    await set({ Output: int(1) });
    expect([itself.settings.length, part.settings.length]).toEqual([1, 0]);
  });
});

describe('the control form', () => {
  test('tells parameters, ranges, choices and present values', async () => {
    const thing = new MemoryThing({
      parameters: PARAMETERS,
      metaTags: [{ name: 'NAME', type: 'str', value: 'Dimmer' }],
    });
    thing.values.set('Output', { type: 'double', value: '40.0' });
    serve([thing]);
    const form = await getControlForm(client, DEVICE);
    expect(form.title).toBe('Dimmer');
    expect(form.parameters.map(({ parameter }) => parameter)).toEqual(PARAMETERS);
    expect(form.parameters.map(({ value }) => value?.value)).toEqual([
      undefined,
      '40.0',
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('of several nodes has what they have in common', async () => {
    const [one, two] = [dimmer('one'), new MemoryThing({ nodeId: 'two', parameters: TWO })];
    for (const thing of [one, two]) thing.values.set('Switch', { type: 'boolean', value: true });
    one.values.set('Output', { type: 'double', value: '10' });
    two.values.set('Output', { type: 'double', value: '20' });
    serve([one, two]);
    const nodes = [{ nodeId: 'one' }, { nodeId: 'two' }];
    const form = await getControlForm(client, DEVICE, { nodes });
    expect(form.title).toBe('one, two');
    expect(form.parameters).toEqual([
      { parameter: { ...PARAMETERS[0], min: 100, max: 4000 }, value: undefined },
      { parameter: PARAMETERS[1], value: undefined },
      { parameter: PARAMETERS[3], value: { type: 'boolean', value: true } },
    ]);
    expect((await getControlForm(client, DEVICE, { nodes: [{ nodeId: 'two' }] })).title).toBe('two');
  });

  test('can be submitted in part', async () => {
    const thing = dimmer();
    serve([thing]);
    const submit = (fields: Record<string, string>) =>
      client.request(
        'set',
        DEVICE,
        encodeControlRequest({
          nodes: [],
          settings: [],
          form: {
            type: 'submit',
            fields: [
              { var: 'xdd session', type: 'hidden', values: ['325ED0F3'] },
              ...Object.entries(fields).map(([name, value]) => ({ var: name, values: [value] })),
            ],
          },
        }),
      );
    await submit({ FadeTime: '500', Output: '10.5' });
    expect([...(thing.settings[0] ?? [])]).toEqual([
      ['FadeTime', int(500)],
      ['Output', { type: 'double', value: '10.5' }],
    ]);
    await expect(submit({ FadeTime: '500', Output: '200' })).rejects.toMatchObject({
      condition: 'bad-request',
      application: expect.objectContaining({ name: 'paramError', attributes: { var: 'Output' } }),
    });
    await expect(submit({ FadeTime: 'fast' })).rejects.toMatchObject({ condition: 'bad-request' });
    await expect(submit({})).rejects.toMatchObject({ text: 'set: there is nothing to set' });
    expect(thing.settings).toHaveLength(1);
  });

  test('that is none is refused by the client', async () => {
    const device = network.join(DEVICE.toString());
    device.onIq('get', { name: 'getForm', namespace: CONTROL_NAMESPACE }, () =>
      xml('x', { xmlns: 'jabber:x:data', type: 'odd' }),
    );
    await expect(getControlForm(client, DEVICE)).rejects.toMatchObject({ condition: 'undefined-condition' });
  });
});

test('a server that stops leaves no command without an outcome', async () => {
  const thing = dimmer();
  thing.onSet = () => new Promise(() => {});
  serve([thing]);
  const setting = expect(set({ Output: int(1) })).rejects.toMatchObject({
    condition: 'remote-server-timeout',
    text: 'the outcome is unknown: the Thing is being shut down',
  });
  await until(() => thing.settings.length === 1);
  await server?.stop();
  await setting;
});
