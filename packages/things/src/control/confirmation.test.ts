import { parseElement } from '@thingward/xml';
import { Jid } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MemoryNetwork, type MemoryPeer, until } from '../../test/memory-network.ts';
import { batches, field, MemoryThing } from '../../test/memory-thing.ts';
import { type ControlContext, type Thing, ThingBusyError } from '../thing/thing.ts';
import { sendParameters, setParameters } from './client.ts';
import { decodeControlResponse, encodeControlResponse } from './codec.ts';
import type { ControlParameter, ParameterValue } from './parameter.ts';
import { type ControlServer, type ControlServerOptions, serveControl } from './serve.ts';

const DEVICE = Jid.parse('dimmer@example.org/thing');
const PARAMETERS: readonly ControlParameter[] = [
  { name: 'Output', type: 'double', label: 'Output' },
  { name: 'Switch', type: 'boolean', label: 'Main switch' },
];
const OUTPUT: ParameterValue = { type: 'double', value: '10' };
const SWITCH: ParameterValue = { type: 'boolean', value: true };

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

function serve(things: readonly Thing[], options: Partial<ControlServerOptions> = {}): void {
  server = serveControl(network.join(DEVICE.toString()), { things, mayControl: () => true, ...options });
}

const set = (values: Record<string, ParameterValue>, options: Parameters<typeof setParameters>[3] = {}) =>
  setParameters(client, DEVICE, new Map(Object.entries(values)), options);

/** A Thing that tells the fields it would have after the command. */
const reading = (...fields: ReturnType<typeof field>[]) =>
  new MemoryThing({ parameters: PARAMETERS, batches: () => batches(fields) });

describe('what was set is read back', () => {
  test('by the fields of the same names, momentary ones first', async () => {
    const thing = reading(
      field('Output', '99.0', { types: ['status'] }),
      field('Output', '10.00'),
      field('Switch', '', { value: { type: 'int', value: 0 } }),
    );
    serve([thing]);
    const outcome = await set({ Output: OUTPUT, Switch: SWITCH });
    expect(outcome).toEqual({ nodes: [], parameters: [], confirmed: [{ node: undefined, name: 'Output' }] });
    expect(thing.selection).toMatchObject({ types: ['momentary', 'status'], names: ['Output', 'Switch'] });
    // The answer is that of the XEP, for who does not know more.
    const [answer] = network.sent('setResponse');
    expect(answer?.elements[0]?.childrenNamed('parameter')).toEqual([]);
  });

  test('by what the Thing itself knows', async () => {
    const asked: ReadonlyMap<string, ParameterValue>[] = [];
    const thing = Object.assign(new MemoryThing({ nodeId: 'lamp', parameters: PARAMETERS }), {
      confirm: async (values: ReadonlyMap<string, ParameterValue>) => {
        asked.push(values);
        return ['Switch', 'Other'];
      },
    });
    serve([thing]);
    const { confirmed } = await set({ Output: OUTPUT, Switch: SWITCH }, { nodes: [{ nodeId: 'lamp' }] });
    expect(confirmed).toEqual([{ node: { nodeId: 'lamp' }, name: 'Switch' }]);
    expect([...asked[0]!.keys()]).toEqual(['Output', 'Switch']);
  });

  test.each([
    ['fails', () => Promise.reject(new Error('gone'))],
    ['hangs', () => new Promise<readonly string[]>(() => {})],
  ])('and the command is done all the same when that %s', async (_, confirm) => {
    serve([Object.assign(reading(), { confirm })], { confirmMs: 20 });
    expect(await set({ Output: OUTPUT })).toMatchObject({ confirmed: [] });
  });

  test('but not for a message, which nobody waits for', async () => {
    const thing = reading(field('Output', '10'));
    serve([thing]);
    sendParameters(client, DEVICE, new Map([['Output', OUTPUT]]));
    await until(() => thing.settings.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(thing.selection).toBeUndefined();
  });

  test('and survives the wire', () => {
    const response = {
      nodes: [{ nodeId: 'a' }],
      parameters: ['Output'],
      confirmed: [
        { node: { nodeId: 'a', sourceId: 's' }, name: 'Output' },
        { node: undefined, name: 'Switch' },
      ],
    };
    expect(decodeControlResponse(parseElement(encodeControlResponse(response).toString()))).toEqual(response);
  });
});

describe('one command at a time', () => {
  test('is at a Thing; the next waits for its turn', async () => {
    const thing = reading();
    const log: string[] = [];
    thing.onSet = async (values) => {
      log.push(`begin ${values.get('Output')?.value}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
      log.push(`end ${values.get('Output')?.value}`);
    };
    serve([thing]);
    await Promise.all(['1', '2', '3'].map((value) => set({ Output: { type: 'double', value } })));
    expect(log).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3']);
  });

  test('or the next is a conflict, to be tried again later, and nothing was done', async () => {
    const [one, two] = ['one', 'two'].map((nodeId) => new MemoryThing({ nodeId, parameters: PARAMETERS }));
    two!.onSet = () => new Promise(() => {});
    serve([one!, two!], { busyMs: 20, timeoutMs: 200 });
    const nodes = [{ nodeId: 'one' }, { nodeId: 'two' }];
    const first = expect(set({ Output: OUTPUT }, { nodes: [{ nodeId: 'two' }] })).rejects.toMatchObject({
      condition: 'remote-server-timeout',
    });
    await until(() => two!.settings.length === 1);
    await expect(set({ Output: OUTPUT }, { nodes })).rejects.toMatchObject({ condition: 'conflict', type: 'wait' });
    expect(one!.settings).toEqual([]);
    await first;
    two!.onSet = async () => {};
    await set({ Output: OUTPUT }, { nodes });
    expect(one!.settings).toHaveLength(1);
  });

  test('is a conflict, too, when the device says that somebody else is at work', async () => {
    const thing = reading();
    thing.onSet = () => Promise.reject(new ThingBusyError('locked at the panel'));
    serve([thing]);
    await expect(set({ Output: OUTPUT })).rejects.toMatchObject({
      condition: 'conflict',
      type: 'wait',
      text: 'locked at the panel',
    });
  });
});

describe('rights', () => {
  test('for some parameters leave the others out, and the answer says what was done (XEP-0325 §3.1.2)', async () => {
    const things = ['a', 'b'].map(
      (nodeId) => new MemoryThing({ nodeId, parameters: PARAMETERS, batches: () => batches() }),
    );
    serve(things, { mayControl: () => ({ names: ['Switch'] }) });
    const nodes = [{ nodeId: 'a' }, { nodeId: 'b' }];
    expect(await set({ Output: OUTPUT, Switch: SWITCH }, { nodes })).toEqual({
      nodes,
      parameters: ['Switch'],
      confirmed: [],
    });
    expect([...things[0]!.settings[0]!.keys()]).toEqual(['Switch']);
    await expect(set({ Output: OUTPUT }, { nodes })).rejects.toMatchObject({ condition: 'forbidden' });
  });

  test('are asked for with the tokens, which reach the Thing, too', async () => {
    const contexts: (ControlContext | undefined)[] = [];
    const shown: unknown[] = [];
    const thing = Object.assign(reading(), {
      set: async (_: unknown, __: unknown, context?: ControlContext) => void contexts.push(context),
    });
    serve([thing], {
      mayControl: (_, __, tokens) => {
        shown.push(tokens);
        return true;
      },
    });
    const tokens = { serviceToken: 's', deviceToken: 'd', userToken: 'u' };
    await set({ Output: OUTPUT }, { tokens });
    expect(shown).toEqual([tokens]);
    const stanza = expect.objectContaining({ name: 'iq' });
    expect(contexts).toEqual([{ requester: client.jid, tokens, stanza }]);
  });
});

describe('errors', () => {
  test('name each parameter that was refused', async () => {
    serve([reading()]);
    await expect(set({ Height: OUTPUT, Switch: OUTPUT, Output: OUTPUT })).rejects.toMatchObject({
      name: 'ControlRefused',
      errors: [
        { parameter: 'Height', message: 'there is no such parameter' },
        { parameter: 'Switch', message: 'expected a value of type boolean, got double' },
      ],
    });
    const [reply] = network.conversation.filter((stanza) => stanza.attribute('type') === 'error');
    const error = reply?.child('error');
    expect(error?.elements.map(({ name }) => name)).toEqual(['bad-request', 'text', 'paramError', 'paramError']);
  });

  test('of early drafts are understood', async () => {
    const device = network.join(DEVICE.toString());
    device.onIq('set', { name: 'set', namespace: 'urn:xmpp:iot:control' }, ({ stanza }) => {
      setTimeout(() =>
        device.send(
          parseElement(`<iq type='error' id='${stanza.attribute('id')}' to='${client.jid}'><error type='cancel'/>
            <setResponse xmlns='urn:xmpp:iot:control' responseCode='NotFound'><error var='Output'>Invalid field</error></setResponse></iq>`),
        ),
      );
      return new Promise(() => {});
    });
    await expect(set({ Output: OUTPUT })).rejects.toMatchObject({
      errors: [{ parameter: 'Output', message: 'Invalid field' }],
    });
  });
});
