import { xml } from '@thingward/xml';
import { decodeFormPages, encodePostBack, Jid, message } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MemoryNetwork, type MemoryPeer, until } from '../../test/memory-network.ts';
import { MemoryThing } from '../../test/memory-thing.ts';
import { getDataForm } from './client.ts';
import { formSession } from './form.ts';
import { OpenControlForm } from './open-form.ts';
import type { ControlParameter, ParameterValue } from './parameter.ts';
import { type ControlServer, serveControl } from './serve.ts';

const DEVICE = Jid.parse('spotlight@example.org/thing');
const MODE: ControlParameter = {
  name: 'Mode',
  type: 'string',
  label: 'Mode',
  options: ['automatic', 'manual'].map((value) => ({ label: value, value })),
  postBack: true,
  page: 'Mode',
};
const ANGLES: readonly ControlParameter[] = ['Horizontal', 'Elevation'].map((name) => ({
  name,
  type: 'double',
  label: name,
  min: -90,
  max: 90,
  page: 'Direction',
  group: 'direction',
}));

let network: MemoryNetwork;
let device: MemoryPeer;
let client: MemoryPeer;
let server: ControlServer;
let thing: MemoryThing;
let now: number;

beforeEach(() => {
  network = new MemoryNetwork();
  device = network.join(DEVICE.toString());
  client = network.join('primary@example.org/amr');
  now = 0;
  thing = Object.assign(new MemoryThing({ parameters: [MODE] }), {
    parametersFor: (values: ReadonlyMap<string, ParameterValue>) =>
      values.get('Mode')?.value === 'manual' ? [MODE, ...ANGLES] : [MODE],
  });
  server = serveControl(device, { things: [thing], mayControl: () => true, clock: () => new Date(now), confirmMs: 0 });
});

afterEach(async () => {
  await server.stop();
  expect(network.errors).toEqual([]);
});

const string = (value: string): ParameterValue => ({ type: 'string', value });
const double = (value: string): ParameterValue => ({ type: 'double', value });
const namesOf = (form: OpenControlForm) => form.form.parameters.map(({ parameter }) => parameter.name);

describe('a form that is filled in', () => {
  test('changes with what is entered, says what is wrong, and sets what was entered alone', async () => {
    const form = await OpenControlForm.open(client, DEVICE);
    expect(namesOf(form)).toEqual(['Mode']);
    await form.edit('Mode', string('manual'));
    expect(namesOf(form)).toEqual(['Mode', 'Horizontal', 'Elevation']);
    expect(form.form.parameters[0]?.value).toEqual(string('manual'));
    await form.edit('Horizontal', double('45.5'));
    await form.edit('Mode', string('manual'));
    expect(form.edited).toEqual(['Mode', 'Horizontal']);
    await form.submit();
    expect([...(thing.settings[0] ?? [])]).toEqual([
      ['Mode', string('manual')],
      ['Horizontal', double('45.5')],
    ]);
  });

  test('loses what was entered in fields that are gone', async () => {
    const form = await OpenControlForm.open(client, DEVICE);
    await form.edit('Mode', string('manual'));
    await form.edit('Elevation', double('1'));
    await form.edit('Mode', string('automatic'));
    expect(namesOf(form)).toEqual(['Mode']);
    expect(form.edited).toEqual(['Mode']);
    await expect(form.edit('Elevation', double('1'))).rejects.toMatchObject({ condition: 'item-not-found' });
  });

  test('is told what is wrong with a value while it is edited', async () => {
    const opened = await getDataForm(client, DEVICE);
    const fields = [
      { var: 'xdd session', type: 'hidden' as const, values: [formSession(opened) ?? ''] },
      { var: 'Mode', values: ['manual'] },
      { var: 'Horizontal', values: ['100'] },
      { var: 'Elevation', values: ['up'] },
    ];
    const answer = await client.request('set', DEVICE, encodePostBack('submit', { type: 'submit', fields }));
    const shown = answer!
      .childrenNamed('field')
      .map((field) => [
        field.attribute('var'),
        field.child('value')?.text,
        field.child('error', 'urn:xmpp:xdata:dynamic')?.text,
        field.child('notSame', 'urn:xmpp:xdata:dynamic') !== undefined,
      ]);
    expect(shown.slice(1)).toEqual([
      ['Mode', 'manual', undefined, false],
      ['Horizontal', '100', 'must be from -90 to 90, got 100', false],
      ['Elevation', 'up', 'expected a value of type double', false],
    ]);
    // Posting back is part of editing, and sets nothing.
    expect(thing.settings).toEqual([]);
  });

  test('has its parameters in groups and on pages', async () => {
    const form = await OpenControlForm.open(client, DEVICE);
    await form.edit('Mode', string('manual'));
    expect(form.form.parameters.map(({ parameter }) => [parameter.page, parameter.group])).toEqual([
      ['Mode', undefined],
      ['Direction', 'direction'],
      ['Direction', 'direction'],
    ]);
    const [, posted] = network.sent('x').filter((stanza) => stanza.attribute('type') === 'result');
    expect(posted?.elements[0]?.childrenNamed('page', 'http://jabber.org/protocol/xdata-layout')).toHaveLength(2);
  });

  test('can be given up', async () => {
    const form = await OpenControlForm.open(client, DEVICE);
    await form.edit('Mode', string('manual'));
    await form.cancel();
    await expect(form.edit('Mode', string('manual'))).rejects.toMatchObject({ condition: 'item-not-found' });
    await expect(form.cancel()).rejects.toMatchObject({ condition: 'item-not-found' });
  });
});

describe('a session', () => {
  const postBack = (session: string, peer = client) =>
    peer.request(
      'set',
      DEVICE,
      encodePostBack('submit', { type: 'submit', fields: [{ var: 'xdd session', values: [session] }] }),
    );

  test('is over after a quarter of an hour without a sign, and no sooner', async () => {
    const session = formSession(await getDataForm(client, DEVICE)) ?? '';
    now = 14 * 60_000;
    await postBack(session);
    now = 28 * 60_000;
    await postBack(session);
    now = 43 * 60_000;
    await expect(postBack(session)).rejects.toMatchObject({ condition: 'item-not-found' });
  });

  test('is of who opened it, and of bounded number', async () => {
    const session = formSession(await getDataForm(client, DEVICE)) ?? '';
    const other = network.join('other@example.org/x');
    await expect(postBack(session, other)).rejects.toMatchObject({ condition: 'item-not-found' });
    for (let i = 0; i < 20; i++) await getDataForm(client, DEVICE);
    await expect(postBack(session)).rejects.toMatchObject({ condition: 'item-not-found' });
  });

  test.each([
    [xml('submit', { xmlns: 'urn:xmpp:xdata:dynamic' }), 'bad-request'],
    [xml('cancel', { xmlns: 'urn:xmpp:xdata:dynamic' }), 'bad-request'],
    [
      xml('submit', { xmlns: 'urn:xmpp:xdata:dynamic' }, xml('x', { xmlns: 'jabber:x:data', type: 'odd' })),
      'bad-request',
    ],
    [
      xml('cancel', { xmlns: 'urn:xmpp:xdata:dynamic' }, xml('x', { xmlns: 'jabber:x:data', type: 'submit' })),
      'item-not-found',
    ],
  ])('that makes no sense is refused: %s', async (payload, condition) => {
    await expect(client.request('set', DEVICE, payload)).rejects.toMatchObject({ condition });
  });
});

describe('a form whose values are not known', () => {
  test('is brought up to date when they are, and keeps what was entered meanwhile', async () => {
    await server.stop();
    let tell = (_: ReadonlyMap<string, ParameterValue>) => {};
    const slow = Object.assign(new MemoryThing({ parameters: [...ANGLES] }), {
      readParameters: (names: readonly string[]) => {
        expect(names).toEqual(['Horizontal', 'Elevation']);
        return new Promise<ReadonlyMap<string, ParameterValue>>((resolve) => {
          tell = resolve;
        });
      },
    });
    server = serveControl(device, { things: [slow], mayControl: () => true });
    const form = await OpenControlForm.open(client, DEVICE);
    expect(form.form.parameters.map(({ value }) => value)).toEqual([undefined, undefined]);
    await form.edit('Elevation', double('5'));
    let changes = 0;
    form.onChange(() => changes++);
    await new Promise((resolve) => setTimeout(resolve, 5));
    tell(
      new Map([
        ['Horizontal', double('12.5')],
        ['Elevation', double('9')],
      ]),
    );
    await until(() => changes === 1);
    expect(form.form.parameters.map(({ value }) => value)).toEqual([double('12.5'), double('5')]);
    expect(form.edited).toEqual(['Elevation']);
    const [updated] = network.sent('updated');
    expect(updated?.elements[0]?.attribute('sessionVariable')).toBe('xdd session');
    form.close();
  });

  test('tells nothing to who has lost its rights meanwhile', async () => {
    await server.stop();
    let isFriend = true;
    let tell = (_: ReadonlyMap<string, ParameterValue>) => {};
    const slow = Object.assign(new MemoryThing({ parameters: [...ANGLES] }), {
      readParameters: () =>
        new Promise<ReadonlyMap<string, ParameterValue>>((resolve) => {
          tell = resolve;
        }),
    });
    server = serveControl(device, { things: [slow], mayControl: () => isFriend });
    await getDataForm(client, DEVICE);
    await new Promise((resolve) => setTimeout(resolve, 5));
    isFriend = false;
    tell(new Map([['Horizontal', double('12.5')]]));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(network.sent('updated')).toEqual([]);
  });

  test('is not changed by somebody else, or for another form', async () => {
    const form = await OpenControlForm.open(client, DEVICE);
    let changes = 0;
    form.onChange(() => changes++);
    const update = (session: string) =>
      xml(
        'updated',
        { xmlns: 'urn:xmpp:xdata:dynamic', sessionVariable: 'xdd session' },
        xml(
          'x',
          { xmlns: 'jabber:x:data', type: 'form' },
          xml('field', { var: 'xdd session', type: 'hidden' }, xml('value', {}, session)),
        ),
      );
    const session = formSession(await getDataForm(client, DEVICE)) ?? '';
    device.send(message('normal', { to: client.jid }, update(session)));
    network.join('other@example.org/x').send(message('normal', { to: client.jid }, update(session)));
    device.send(message('normal', { to: client.jid }, xml('updated', { xmlns: 'urn:xmpp:xdata:dynamic' })));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(changes).toBe(0);
  });
});

test('pages are those that were declared, the rest on one without a label', async () => {
  await server.stop();
  const parameters: readonly ControlParameter[] = [...ANGLES, { name: 'Switch', type: 'boolean', label: 'Switch' }];
  server = serveControl(device, { things: [new MemoryThing({ parameters })], mayControl: () => true });
  expect(decodeFormPages(await getDataForm(client, DEVICE)).map(({ label, items }) => [label, items.length])).toEqual([
    ['Direction', 2],
    [undefined, 1],
  ]);
});
