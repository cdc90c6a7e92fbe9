import { parseElement } from '@thingward/xml';
import { Jid, type StanzaError } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MemoryNetwork, type MemoryPeer } from '../../test/memory-network.ts';
import { MemoryThing } from '../../test/memory-thing.ts';
import { type ControlServer, serveControl } from '../control/serve.ts';
import { type SensorDataServer, serveSensorData } from '../sensor-data/serve.ts';

const DEVICE = Jid.parse('concentrator@example.org/thing');
const SD = `xmlns='urn:xmpp:iot:sensordata'`;
const CT = `xmlns='urn:xmpp:iot:control'`;
const FORM = `<x xmlns='jabber:x:data' type='submit'>`;

let network: MemoryNetwork;
let friend: MemoryPeer;
let stranger: MemoryPeer;
let sensorData: SensorDataServer;
let control: ControlServer;
let things: readonly MemoryThing[];

beforeEach(() => {
  network = new MemoryNetwork();
  const device = network.join(DEVICE.toString());
  friend = network.join('friend@example.org/x');
  stranger = network.join('stranger@example.org/x');
  things = ['lamp', 'pump'].map(
    (nodeId) =>
      new MemoryThing({
        nodeId,
        parameters: [
          { name: 'Level', type: 'int', label: 'Level', min: 0, max: 10 },
          { name: 'Mode', type: 'string', label: 'Mode', options: [{ label: 'A', value: 'a' }] },
          { name: nodeId === 'lamp' ? 'Tint' : 'Speed', type: nodeId === 'lamp' ? 'color' : 'double', label: 'Own' },
        ],
      }),
  );
  const isFriend = (requester: Jid) => requester.local === 'friend';
  sensorData = serveSensorData(device, { things, mayRead: isFriend, limits: { perRequester: 2 } });
  control = serveControl(device, { things, mayControl: isFriend, confirmMs: 0 });
});

afterEach(async () => {
  await Promise.all([sensorData.stop(), control.stop()]);
  expect(network.errors).toEqual([]);
});

type Row = [request: string, condition: string, type: string, text: string];

const far = new Date(Date.now() + 60 * 86_400_000).toISOString();

describe('bad requests for sensor data get the error that XEP-0323 §3.3 names', () => {
  test.each<Row>([
    [`<req ${SD}/>`, 'bad-request', 'modify', 'req/@seqnr'],
    [`<req ${SD} seqnr=''/>`, 'bad-request', 'modify', 'req/@seqnr'],
    [`<req ${SD} seqnr='1.0'/>`, 'bad-request', 'modify', 'req/@seqnr'],
    [`<req ${SD} seqnr='2147483648'/>`, 'bad-request', 'modify', 'req/@seqnr'],
    [`<req ${SD} seqnr='1' momentary='yes'/>`, 'bad-request', 'modify', 'req/@momentary'],
    [`<req ${SD} seqnr='1' historical='2'/>`, 'bad-request', 'modify', 'req/@historical'],
    [`<req ${SD} seqnr='1' from='2013-13-01T00:00:00'/>`, 'bad-request', 'modify', 'req/@from'],
    [`<req ${SD} seqnr='1' to='2013-01-01'/>`, 'bad-request', 'modify', 'req/@to'],
    [
      `<req ${SD} seqnr='1' from='2013-01-02T00:00:00Z' to='2013-01-01T00:00:00Z'/>`,
      'bad-request',
      'modify',
      'req/@from',
    ],
    [`<req ${SD} seqnr='1' when='tomorrow'/>`, 'bad-request', 'modify', 'req/@when'],
    [`<req ${SD} seqnr='1' when='${far}'/>`, 'bad-request', 'modify', 'req/@when'],
    [`<req ${SD} seqnr='1'><node/></req>`, 'bad-request', 'modify', 'req/node[1]/@nodeId'],
    [
      `<req ${SD} seqnr='1'><node nodeId='lamp'/><node nodeId=''/></req>`,
      'bad-request',
      'modify',
      'req/node[2]/@nodeId',
    ],
    [`<req ${SD} seqnr='1'><field name='a'/><field/></req>`, 'bad-request', 'modify', 'req/field[2]/@name'],
    [`<req ${SD} seqnr='1'><node nodeId='moon'/></req>`, 'item-not-found', 'cancel', '"moon"'],
    [`<req ${SD} seqnr='1'><node nodeId='lamp' sourceId='other'/></req>`, 'item-not-found', 'cancel', '"lamp"'],
    [`<cancel ${SD}/>`, 'bad-request', 'modify', 'cancel/@seqnr'],
    [`<cancel ${SD} seqnr='77'/>`, 'item-not-found', 'cancel', '77'],
  ])('%s', async (request, condition, type, text) => {
    await expect(friend.request('get', DEVICE, parseElement(request))).rejects.toMatchObject({
      name: 'StanzaError',
      condition,
      type,
      text: expect.stringContaining(text),
    });
    expect(network.sent('fields')).toEqual([]);
  });

  test.each([`<req ${SD} seqnr='1'/>`, `<req ${SD} seqnr='1'><node nodeId='moon'/></req>`])(
    'of a stranger: %s',
    async (request) => {
      await expect(stranger.request('get', DEVICE, parseElement(request))).rejects.toMatchObject({
        condition: 'forbidden',
        type: 'cancel',
        text: 'Access denied.',
      });
    },
  );
});

describe('bad commands get the error that XEP-0325 §5.1 names, with each parameter that is to blame', () => {
  const lamp = `<node nodeId='lamp'/>`;
  const both = `${lamp}<node nodeId='pump'/>`;

  test.each<[...Row, parameters: string[]]>([
    [`<set ${CT}>${lamp}</set>`, 'bad-request', 'modify', 'nothing to set', []],
    [`<set ${CT}><int name='Level' value='1'/></set>`, 'bad-request', 'modify', 'say which', []],
    [`<set ${CT}><node nodeId='moon'/><int name='Level' value='1'/></set>`, 'item-not-found', 'cancel', '"moon"', []],
    [`<set ${CT}><node/><int name='Level' value='1'/></set>`, 'bad-request', 'modify', 'set/node[1]/@nodeId', []],
    [`<set ${CT}>${lamp}<int value='1'/></set>`, 'bad-request', 'modify', 'set/int[2]/@name', []],
    [`<set ${CT}>${lamp}<int name='Level'/></set>`, 'bad-request', 'modify', 'set/int[2]/@value', []],
    [`<set ${CT}>${lamp}<int name='Level' value='1.5'/></set>`, 'bad-request', 'modify', 'set/int[2]/@value', []],
    [`<set ${CT}>${lamp}<color name='Tint' value='red'/></set>`, 'bad-request', 'modify', 'set/color[2]/@value', []],
    [
      `<set ${CT}>${lamp}<date name='Day' value='2013-02-30'/></set>`,
      'bad-request',
      'modify',
      'set/date[2]/@value',
      [],
    ],
    [
      `<set ${CT}>${lamp}<duration name='Day' value='1h'/></set>`,
      'bad-request',
      'modify',
      'set/duration[2]/@value',
      [],
    ],
    [
      `<set ${CT}>${lamp}<int name='Height' value='1'/></set>`,
      'item-not-found',
      'cancel',
      'no such parameter',
      ['Height'],
    ],
    [`<set ${CT}>${lamp}<int name='Level' value='11'/></set>`, 'bad-request', 'modify', 'from 0 to 10', ['Level']],
    [`<set ${CT}>${lamp}<string name='Level' value='1'/></set>`, 'bad-request', 'modify', 'type int', ['Level']],
    [`<set ${CT}>${lamp}<string name='Mode' value='b'/></set>`, 'bad-request', 'modify', 'one of "a"', ['Mode']],
    [
      `<set ${CT}>${lamp}<int name='Level' value='11'/><int name='Height' value='1'/><string name='Mode' value='b'/></set>`,
      'bad-request',
      'modify',
      'Level: ',
      ['Level', 'Height', 'Mode'],
    ],
    [
      `<set ${CT}>${lamp}<int name='Level' value='1'/><int name='Level' value='2'/></set>`,
      'bad-request',
      'modify',
      'more than once',
      ['Level'],
    ],
    [
      `<set ${CT}>${both}<double name='Speed' value='1'/></set>`,
      'item-not-found',
      'cancel',
      'no such parameter',
      ['Speed'],
    ],
    [`<set ${CT}>${lamp}<x xmlns='jabber:x:data' type='odd'/></set>`, 'bad-request', 'modify', 'x/@type', []],
    [`<set ${CT}>${lamp}${FORM}<field/></x></set>`, 'bad-request', 'modify', 'x/field[1]/@var', []],
    [
      `<set ${CT}>${lamp}${FORM}<field var='Level'><value>ten</value></field></x></set>`,
      'bad-request',
      'modify',
      'type int',
      ['Level'],
    ],
    [
      `<set ${CT}>${both}${FORM}<field var='Level'><value>11</value></field><field var='Odd'><value/></field></x></set>`,
      'bad-request',
      'modify',
      'Level: ',
      ['Odd', 'Level'],
    ],
  ])('%s', async (request, condition, type, text, parameters) => {
    const error = (await friend
      .request('set', DEVICE, parseElement(request))
      .catch((reason: unknown) => reason)) as StanzaError;
    expect(error).toMatchObject({ name: 'StanzaError', condition, type, text: expect.stringContaining(text) });
    expect(error.applications.map((application) => application.attribute('var')).sort()).toEqual(
      [...parameters].sort(),
    );
    expect(things.flatMap(({ settings }) => settings)).toEqual([]);
  });

  test.each<[string, 'get' | 'set']>([
    [`<set ${CT}><node nodeId='moon'/><int name='Level' value='1'/></set>`, 'set'],
    [`<getForm ${CT}><node nodeId='lamp'/></getForm>`, 'get'],
  ])('of a stranger: %s', async (request, kind) => {
    await expect(stranger.request(kind, DEVICE, parseElement(request))).rejects.toMatchObject({
      condition: 'forbidden',
      type: 'cancel',
      text: 'Access denied.',
    });
  });

  test.each<Row>([
    [`<getForm ${CT}/>`, 'bad-request', 'modify', 'say which'],
    [`<getForm ${CT}><node nodeId='moon'/></getForm>`, 'item-not-found', 'cancel', '"moon"'],
    [`<getForm ${CT}><node sourceId='s'/></getForm>`, 'bad-request', 'modify', 'getForm/node[1]/@nodeId'],
  ])('%s', async (request, condition, type, text) => {
    await expect(friend.request('get', DEVICE, parseElement(request))).rejects.toMatchObject({
      condition,
      type,
      text: expect.stringContaining(text),
    });
  });
});
