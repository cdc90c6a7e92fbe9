import { NS, STREAM_MANAGEMENT } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Actor, befriend, Stage } from './conversation.ts';

const BATTERY = "xmlns='urn:thingward:battery:1'";
const CONTROL = "xmlns='urn:xmpp:iot:control'";
const DATA = "xmlns='urn:xmpp:iot:sensordata'";
const THING = 'juliet@localhost';

const SLEEP = (attributes = `wakes='onEvent'`, content = '') =>
  `<iq type='set' id='sleep'><sleep ${BATTERY} ${attributes}>${content}</sleep></iq>`;
const ASLEEP = (delivered: number) => `<iq type='result' id='sleep'><asleep ${BATTERY} delivered='${delivered}'/></iq>`;
const set = (...settings: string[]) =>
  `<set ${CONTROL}>${settings.map((setting) => `<int name='${setting.split('=')[0]}' value='${setting.split('=')[1]}'/>`).join('')}</set>`;
const command = (id: string, payload: string, expires = 'PT1H') =>
  `<iq type='set' id='${id}' to='${THING}'><command ${BATTERY} expires='${expires}'>${payload}</command></iq>`;
const outcome = (state: string, content = '') =>
  `<message from='${THING}'><outcome ${BATTERY} state='${state}'>${content}</outcome></message>`;
const error = (condition: string) => `<error><${condition} xmlns='${NS.stanzaErrors}'/></error>`;
const FIELDS = `<fields ${DATA} seqnr='0'><node nodeId=''><timestamp value='2026-01-01T10:00:00Z'><numeric name='Temperature' momentary='true' automaticReadout='true' value='21.5' unit='°C'/><int name='Alarms' status='true' value='0'/></timestamp></node></fields>`;

let stage: Stage;
let romeo: Actor;
let thing: Actor;

async function open(mailbox = {}): Promise<void> {
  stage = await Stage.open({ mailbox: { answerTimeoutMs: 400, ...mailbox } });
  romeo = await stage.present('romeo', 'garden');
  thing = await stage.present('juliet', 'sensor');
  await befriend(romeo, thing);
}

async function sleeps(actor = thing, attributes?: string, content?: string): Promise<void> {
  actor.sends(SLEEP(attributes, content));
  await actor.receives(ASLEEP(0));
}

/** It goes, and its session with it. */
async function leaves(): Promise<void> {
  thing.sends('</stream:stream>');
  await thing.isClosed();
}

async function wakes(): Promise<void> {
  thing = await stage.present('juliet', 'sensor');
}

/** Gives a command that waits. @returns its id */
async function gives(actor: Actor, payload: string, expires?: string, id = 'c'): Promise<string> {
  actor.sends(command(id, payload, expires));
  const answer = await actor.receives(`<iq type='result' id='${id}' from='${THING}'><queued ${BATTERY}/></iq>`);
  return answer.elements[0]?.attribute('id') ?? '';
}

/** Takes the next command. @returns its id and what it sets */
async function takes(actor = thing): Promise<{ id: string; sender: string; settings: string[] }> {
  const stanza = await actor.receives(`<iq type='set'><set ${CONTROL}/></iq>`);
  return {
    id: stanza.attribute('id') ?? '',
    sender: stanza.attribute('from') ?? '',
    settings: (stanza.elements[0]?.elements ?? []).map((e) => `${e.attribute('name')}=${e.attribute('value')}`),
  };
}

const answers = ({ id, sender }: { id: string; sender: string }) =>
  thing.sends(`<iq type='result' id='${id}' to='${sender}'><setResponse ${CONTROL}/></iq>`);

async function states(actor: Actor): Promise<string[]> {
  actor.sends(`<iq type='get' id='list' to='${THING}'><mailbox ${BATTERY}/></iq>`);
  const answer = await actor.receives(`<iq type='result' id='list'/>`);
  return (answer.elements[0]?.elements ?? []).map((entry) => entry.attribute('state') ?? '');
}

beforeEach(() => open());
afterEach(() => stage.close());

describe('a command for a Thing that sleeps (battery-powered.md §5)', () => {
  it('waits, is given to it when it wakes, and is answered', async () => {
    await sleeps(thing, `wakes='periodically' every='PT10M' next='2099-01-01T00:00:00Z'`);
    await leaves();
    romeo.sends(command('early', set('A=1'), 'PT1H'));
    const refused = await romeo.receives(`<iq type='error' id='early'>${error('recipient-unavailable')}</iq>`);
    expect(refused.child('error')?.child('sleeper', 'urn:thingward:battery:1')?.attribute('next')).toBe(
      '2099-01-01T00:00:00.000Z',
    );
    await wakes();
    await sleeps();
    await leaves();
    const id = await gives(romeo, set('A=1', 'B=2'));
    expect(await states(romeo)).toEqual(['waiting']);
    await wakes();
    const taken = await takes();
    expect(taken).toEqual({ id, sender: 'romeo@localhost/garden', settings: ['A=1', 'B=2'] });
    answers(taken);
    const told = await romeo.receives(outcome('answered', `<setResponse ${CONTROL}/>`));
    expect(told.elements[0]?.attribute('id')).toBe(id);
    expect(await states(romeo)).toEqual(['answered']);
  });

  it('that it refuses is refused with its own error', async () => {
    await sleeps();
    await leaves();
    await gives(romeo, set('A=1'));
    await wakes();
    const { id, sender } = await takes();
    thing.sends(
      `<iq type='error' id='${id}' to='${sender}'><error type='modify'><bad-request xmlns='${NS.stanzaErrors}'/><paramError ${CONTROL} var='A'>no</paramError></error></iq>`,
    );
    await romeo.receives(
      outcome('refused', `<error xmlns='jabber:client'><paramError ${CONTROL} var='A'>no</paramError></error>`),
    );
  });

  it('is given once: without an answer its outcome is unknown, and it is not given again', async () => {
    await sleeps();
    await leaves();
    await gives(romeo, set('A=1'));
    await wakes();
    await takes();
    await romeo.receives(outcome('unknown'));
    await leaves();
    await wakes();
    await thing.doesNotReceive(`<iq type='set'><set ${CONTROL}/></iq>`);
    expect(await states(romeo)).toEqual(['unknown']);
  });

  it('is unknown as soon as the Thing that got it is gone', async () => {
    await stage.close();
    await open({ answerTimeoutMs: 60_000 });
    await sleeps();
    await leaves();
    await gives(romeo, set('A=1'));
    await wakes();
    await takes();
    await leaves();
    await romeo.receives(outcome('unknown'));
  });

  it('is not sent again to a session that is resumed: it is withdrawn', async () => {
    await stage.close();
    await open({ answerTimeoutMs: 60_000 });
    thing.sends(`<enable xmlns='${STREAM_MANAGEMENT}' resume='true'/>`);
    const id = (await thing.receives(`<enabled xmlns='${STREAM_MANAGEMENT}'/>`)).attribute('id');
    await sleeps();
    thing.leaves();
    const commandId = await gives(romeo, set('A=1'));
    const resume = async (h: number) => {
      thing = await stage.connectTls();
      await thing.authenticates('juliet', 'juliet');
      await thing.opens();
      thing.sends(`<resume xmlns='${STREAM_MANAGEMENT}' previd='${id}' h='${h}'/>`);
      await thing.receives(`<resumed xmlns='${STREAM_MANAGEMENT}'/>`);
    };
    await resume(1);
    await takes();
    thing.leaves();
    await resume(1);
    await thing.receives(
      `<message type='headline' from='${THING}'><withdrawn ${BATTERY} id='${commandId}'/></message>`,
    );
    await thing.doesNotReceive(`<iq type='set'><set ${CONTROL}/></iq>`);
    await romeo.receives(outcome('unknown'));
  });

  it('expires, and its sender is told', async () => {
    await sleeps();
    await leaves();
    await gives(romeo, set('A=1'), 'PT0.3S');
    await romeo.receives(outcome('expired'));
    await wakes();
    await thing.doesNotReceive(`<iq type='set'><set ${CONTROL}/></iq>`);
  });

  it('gives way to a later one for the same parameter, whoever gives it', async () => {
    const mercutio = await stage.present('mercutio', 'street');
    mercutio.sends(`<presence type='subscribe' to='${THING}'/>`);
    await thing.receives(`<presence type='subscribe' from='mercutio@localhost'/>`);
    thing.sends(`<presence type='subscribed' to='mercutio@localhost'/>`);
    await mercutio.receives(`<presence type='subscribed' from='${THING}'/>`);
    await sleeps();
    await leaves();
    const first = await gives(romeo, set('A=1'));
    const both = await gives(romeo, set('B=1', 'C=1'));
    romeo.sends(command('later', set('A=2')));
    expect((await romeo.receives(outcome('superseded'))).elements[0]?.attribute('id')).toBe(first);
    mercutio.sends(command('other', set('B=2')));
    await romeo.receives(`<message><superseded ${BATTERY} id='${both}'><parameter name='B'/></superseded></message>`);
    await wakes();
    expect((await takes()).settings).toEqual(['C=1']);
    expect((await takes()).settings).toEqual(['A=2']);
    expect((await takes()).settings).toEqual(['B=2']);
  });

  it('can be cancelled by its sender, until it is given', async () => {
    await sleeps();
    await leaves();
    const id = await gives(romeo, set('A=1'));
    const cancel = `<iq type='set' id='x' to='${THING}'><cancel ${BATTERY} id='${id}'/></iq>`;
    romeo.sends(cancel);
    await romeo.receives(`<iq type='result' id='x'/>`);
    romeo.sends(cancel);
    await romeo.receives(`<iq type='error' id='x'>${error('unexpected-request')}</iq>`);
    romeo.sends(`<iq type='set' id='y' to='${THING}'><cancel ${BATTERY} id='nonsense'/></iq>`);
    await romeo.receives(`<iq type='error' id='y'>${error('item-not-found')}</iq>`);
    await wakes();
    await thing.doesNotReceive(`<iq type='set'><set ${CONTROL}/></iq>`);
  });

  it('is refused when the mailbox is full, of commands or of bytes, or the sender has too many', async () => {
    await stage.close();
    await open({ maxCommands: 3, maxCommandsPerSender: 2, maxBytes: 400 });
    await sleeps();
    await leaves();
    await gives(romeo, set('A=1'));
    await gives(romeo, set('B=1'));
    romeo.sends(command('third', set('C=1')));
    await romeo.receives(`<iq type='error' id='third'>${error('resource-constraint')}</iq>`);
    romeo.sends(command('long', set(`${'D'.repeat(400)}=1`)));
    await romeo.receives(`<iq type='error' id='long'>${error('resource-constraint')}</iq>`);
    // One that takes the place of another needs no room of its own.
    await gives(romeo, set('B=2'));
  });

  it('survives a restart of the server, as does what it tells its sender', async () => {
    await sleeps();
    await leaves();
    const id = await gives(romeo, set('A=1'));
    await stage.server.stop();
    await stage.start();
    romeo = await stage.present('romeo', 'garden');
    expect(await states(romeo)).toEqual(['waiting']);
    await wakes();
    const taken = await takes();
    expect(taken.id).toBe(id);
    answers(taken);
    await romeo.receives(outcome('answered'));
  });

  it('that was given when the server ended is unknown, and not given again', async () => {
    await stage.close();
    await open({ answerTimeoutMs: 60_000 });
    thing.sends(`<enable xmlns='${STREAM_MANAGEMENT}' resume='true'/>`);
    await thing.receives(`<enabled xmlns='${STREAM_MANAGEMENT}'/>`);
    await sleeps();
    const id = await gives(romeo, set('A=1'));
    thing.sends('<presence/>');
    await takes();
    await stage.server.stop();
    await stage.start();
    romeo = await stage.present('romeo', 'garden');
    const told = await romeo.receives(outcome('unknown'));
    expect(told.elements[0]?.attribute('id')).toBe(id);
    await wakes();
    await thing.doesNotReceive(`<iq type='set'><set ${CONTROL}/></iq>`);
  });

  it('is refused at its delivery when its sender is no friend any more', async () => {
    await sleeps();
    await leaves();
    await gives(romeo, set('A=1'));
    thing = await stage.signIn('juliet', 'console');
    thing.sends(`<presence type='unsubscribed' to='romeo@localhost'/>`);
    await thing.receives(`<iq type='set'><query xmlns='${NS.roster}'/></iq>`).catch(() => undefined);
    thing.sends('<presence/>');
    await romeo.receives(
      outcome('refused', `<error xmlns='jabber:client'><forbidden xmlns='${NS.stanzaErrors}'/></error>`),
    );
    await thing.doesNotReceive(`<iq type='set'><set ${CONTROL}/></iq>`);
  });

  it('is not taken from strangers, who learn nothing of the Thing', async () => {
    await sleeps();
    await leaves();
    const mercutio = await stage.present('mercutio', 'street');
    for (const [id, stanza] of [
      ['a', command('a', set('A=1'))],
      ['b', `<iq type='set' id='b' to='${THING}'>${set('A=1')}</iq>`],
      ['c', `<iq type='get' id='c' to='${THING}'><status ${BATTERY}/></iq>`],
      ['d', `<iq type='get' id='d' to='${THING}'><mailbox ${BATTERY}/></iq>`],
      ['e', `<iq type='get' id='e' to='${THING}'><req ${DATA} seqnr='1' momentary='true'/></iq>`],
      ['f', `<iq type='get' id='f' to='${THING}/sensor'><ping xmlns='urn:xmpp:ping'/></iq>`],
    ] as const) {
      mercutio.sends(stanza);
      await mercutio.receives(`<iq type='error' id='${id}'>${error('service-unavailable')}</iq>`);
    }
  });

  it('that makes no sense is refused', async () => {
    await sleeps();
    await leaves();
    for (const [id, payload, condition] of [
      ['a', `<set ${CONTROL}><int name='A' value='x'/></set>`, 'bad-request'],
      ['b', `<set ${CONTROL}/>`, 'bad-request'],
      ['c', `<ping xmlns='urn:xmpp:ping'/>`, 'not-acceptable'],
      ['d', '', 'bad-request'],
    ] as const) {
      romeo.sends(command(id, payload));
      await romeo.receives(`<iq type='error' id='${id}'>${error(condition)}</iq>`);
    }
    romeo.sends(command('e', set('A=1'), 'P1M'));
    await romeo.receives(`<iq type='error' id='e'>${error('bad-request')}</iq>`);
    romeo.sends(command('f', set('A=1'), 'PT0S'));
    await romeo.receives(`<iq type='error' id='f'>${error('bad-request')}</iq>`);
  });

  it('of two senders: each hears of its own, the owner sees all', async () => {
    await sleeps(thing, `wakes='unknown' owner='mercutio@localhost'`);
    const mercutio = await stage.present('mercutio', 'street');
    mercutio.sends(`<presence type='subscribe' to='${THING}'/>`);
    await thing.receives(`<presence type='subscribe' from='mercutio@localhost'/>`);
    thing.sends(`<presence type='subscribed' to='mercutio@localhost'/>`);
    await mercutio.receives(`<presence type='subscribed' from='${THING}'/>`);
    await leaves();
    await gives(romeo, set('A=1'));
    await gives(mercutio, set('B=1'));
    expect(await states(romeo)).toEqual(['waiting']);
    expect(await states(mercutio)).toEqual(['waiting', 'waiting']);
    await wakes();
    const [one, other] = [await takes(), await takes()];
    answers(other);
    await mercutio.receives(outcome('answered'));
    await romeo.doesNotReceive(outcome('answered'));
    answers(one);
    await romeo.receives(outcome('answered'));
  });

  it('given to a Thing that is awake is given to it at once', async () => {
    await sleeps();
    await leaves();
    await wakes();
    await gives(romeo, set('A=1'));
    answers(await takes());
    await romeo.receives(outcome('answered'));
  });
});

describe('commands of those who know nothing of sleep (battery-powered.md §5.5)', () => {
  const CONTROL_IQ = `<iq type='set' id='plain' to='${THING}/sensor'>${set('A=1')}</iq>`;

  it('an IQ is answered by the Thing when it wakes; its sender is told that it waits', async () => {
    await sleeps();
    await leaves();
    romeo.sends(CONTROL_IQ);
    await romeo.receives(`<message from='${THING}'><queued ${BATTERY} request='plain'/></message>`);
    await wakes();
    answers(await takes());
    await romeo.receives(`<iq type='result' id='plain' from='${THING}/sensor'><setResponse ${CONTROL}/></iq>`);
  });

  it('an IQ that is superseded or cancelled is answered with an error that says so', async () => {
    await sleeps();
    await leaves();
    romeo.sends(CONTROL_IQ);
    await romeo.receives(`<message><queued ${BATTERY} request='plain'/></message>`);
    romeo.sends(command('later', set('A=2')));
    const answer = await romeo.receives(`<iq type='error' id='plain' from='${THING}/sensor'>${error('conflict')}</iq>`);
    expect(answer.child('error')?.child('outcome', 'urn:thingward:battery:1')?.attribute('state')).toBe('superseded');
  });

  it('an IQ without an answer is unknown', async () => {
    await sleeps();
    await leaves();
    romeo.sends(CONTROL_IQ);
    await wakes();
    await takes();
    await romeo.receives(`<iq type='error' id='plain'>${error('remote-server-timeout')}</iq>`);
  });

  it('a message reaches the Thing with the time it was sent', async () => {
    thing.sends(`<enable xmlns='${STREAM_MANAGEMENT}'/>`);
    await sleeps();
    romeo.sends(`<message to='${THING}' id='m'>${set('A=1')}</message>`);
    await romeo.receives(`<message><queued ${BATTERY} request='m'/></message>`);
    thing.sends('<presence/>');
    await thing.receives(
      `<message from='romeo@localhost/garden'><set ${CONTROL}/><delay xmlns='urn:xmpp:delay'/></message>`,
    );
    thing.sends(`<a xmlns='${STREAM_MANAGEMENT}' h='3'/>`);
    await romeo.receives(outcome('answered'));
  });
});

describe('the last-known state (battery-powered.md §6)', () => {
  const read = (id: string, attributes: string, content = '') =>
    romeo.sends(`<iq type='get' id='${id}' to='${THING}'><req ${DATA} seqnr='7' ${attributes}>${content}</req></iq>`);

  beforeEach(async () => {
    await sleeps(thing, `wakes='periodically' every='PT10M' next='2026-01-01T00:00:00Z'`, FIELDS);
    await leaves();
  });

  it('answers read-outs, with the times of measurement, and says what it is', async () => {
    read('r', `momentary='true'`);
    await romeo.receives(`<iq type='result' id='r' from='${THING}'><accepted ${DATA} seqnr='7'/></iq>`);
    const told = await romeo.receives(
      `<message from='${THING}'><fields ${DATA} seqnr='7' done='true'><node><timestamp value='2026-01-01T10:00:00.000Z'><numeric name='Temperature' momentary='true' automaticReadout='true' value='21.5'/></timestamp></node></fields><lastKnown ${BATTERY}/></message>`,
    );
    expect(told.toString()).not.toContain('Alarms');
    const next = told.child('lastKnown', 'urn:thingward:battery:1')?.attribute('next') ?? '';
    expect(Date.parse(next)).toBeGreaterThan(Date.now());
    expect(Date.parse(next)).toBeLessThanOrEqual(Date.now() + 600_000);
  });

  it.each([
    ['by name', `all='true'`, `<field name='Alarms'/>`, ['Alarms']],
    ['by time', `all='true' from='2026-01-01T10:00:01Z'`, '', []],
    ['by kind', `status='true'`, '', ['Alarms']],
  ])('is filtered %s', async (_, attributes, content, names) => {
    read('r', attributes, content);
    const told = await romeo.receives(`<message from='${THING}'><lastKnown ${BATTERY}/></message>`);
    const fields = told.elements[0]?.elements.flatMap((node) => node.elements.flatMap((time) => time.elements)) ?? [];
    expect(fields.map((field) => field.attribute('name'))).toEqual(names);
  });

  it('does not answer for a time too far away, for nodes that are not there, or for other payloads', async () => {
    read('b', `all='true' when='2099-01-01T00:00:00Z'`);
    await romeo.receives(`<iq type='error' id='b'>${error('recipient-unavailable')}</iq>`);
    read('c', `all='true'`, `<node nodeId='n'/>`);
    await romeo.receives(`<iq type='error' id='c'>${error('item-not-found')}</iq>`);
    romeo.sends(`<iq type='get' id='d' to='${THING}/sensor'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await romeo.receives(`<iq type='error' id='d'>${error('recipient-unavailable')}</iq>`);
    read('e', `seqnr2='x' momentary='maybe'`);
    await romeo.receives(`<iq type='error' id='e'>${error('bad-request')}</iq>`);
  });

  it('is told to those alone whom the Thing has named', async () => {
    await wakes();
    await sleeps(thing, `wakes='unknown'`, `<readers><reader jid='mercutio@localhost'/></readers>`);
    await leaves();
    read('r', `momentary='true'`);
    await romeo.receives(`<iq type='error' id='r'>${error('forbidden')}</iq>`);
  });

  it('is renewed by what the Thing tells others while it is awake, for what it has left behind and for nothing else', async () => {
    await wakes();
    thing.sends(
      `<message to='romeo@localhost/garden'><fields ${DATA} seqnr='1'><node nodeId=''><timestamp value='2026-01-01T11:00:00Z'><numeric name='Temperature' momentary='true' value='22' unit='°C'/><numeric name='Secret' momentary='true' value='1' unit=''/></timestamp></node></fields></message>`,
    );
    await sleeps();
    await leaves();
    read('r', `momentary='true'`);
    const told = await romeo.receives(`<message from='${THING}'><lastKnown ${BATTERY}/></message>`);
    expect(told.toString()).toContain(`value='22'`);
    expect(told.toString()).not.toContain('Secret');
  });

  it('includes the control form, where the Thing has left one', async () => {
    const getForm = `<iq type='get' id='f' to='${THING}'><getForm ${CONTROL}/></iq>`;
    romeo.sends(getForm);
    await romeo.receives(`<iq type='error' id='f'>${error('recipient-unavailable')}</iq>`);
    await wakes();
    await sleeps(
      thing,
      `wakes='unknown'`,
      `<x xmlns='jabber:x:data' type='form'><field var='A' type='text-single'/></x>`,
    );
    await leaves();
    romeo.sends(getForm);
    await romeo.receives(`<iq type='result' id='f'><x xmlns='jabber:x:data'><field var='A'/></x></iq>`);
  });

  it('includes the control forms of nodes, alone and what they have in common', async () => {
    const field = (name: string, max: number) =>
      `<field var='${name}' type='text-single' label='${name}'><validate xmlns='http://jabber.org/protocol/xdata-validate' datatype='xs:int'><range min='0' max='${max}'/></validate></field>`;
    const form = (node: string, ...fields: string[]) =>
      `<form nodeId='${node}'><x xmlns='jabber:x:data' type='form'><title>${node}</title>${fields.join('')}</x></form>`;
    const forms = `<forms>${form('a', field('Level', 10), field('Own', 1))}${form('b', field('Level', 5))}</forms>`;
    await wakes();
    await sleeps(thing, `wakes='unknown'`, forms);
    await leaves();
    const asks = (id: string, ...nodes: string[]) =>
      romeo.sends(
        `<iq type='get' id='${id}' to='${THING}'><getForm ${CONTROL}>${nodes.map((node) => `<node nodeId='${node}'/>`).join('')}</getForm></iq>`,
      );
    asks('a', 'a');
    const own = await romeo.receives(`<iq type='result' id='a'><x xmlns='jabber:x:data'><field var='Level'/></x></iq>`);
    expect(own.toString()).toContain(`var='Own'`);
    asks('ab', 'a', 'b');
    const common = await romeo.receives(
      `<iq type='result' id='ab'><x xmlns='jabber:x:data'><field var='Level'/></x></iq>`,
    );
    expect(common.toString()).not.toContain(`var='Own'`);
    expect(common.toString()).toMatch(/max=['"]5['"]/);
    asks('none');
    await romeo.receives(`<iq type='error' id='none'>${error('bad-request')}</iq>`);
    asks('c', 'a', 'c');
    await romeo.receives(`<iq type='error' id='c'>${error('item-not-found')}</iq>`);
  });
});

describe('a read-out that only the Thing can answer (battery-powered.md §6)', () => {
  const request = (id: string, seqnr: number, attributes = `historicalHour='true'`) =>
    `<iq type='get' id='${id}' to='${THING}'><req ${DATA} seqnr='${seqnr}' ${attributes}/></iq>`;
  const cancelOf = (id: string, seqnr: number) =>
    `<iq type='get' id='${id}' to='${THING}'><cancel ${DATA} seqnr='${seqnr}'/></iq>`;
  const fields = (to: string, seqnr: number, value: number, done = '') =>
    `<message to='${to}'><fields ${DATA} seqnr='${seqnr}' ${done}><node nodeId=''><timestamp value='2026-01-01T09:00:00Z'><numeric name='Temperature' historicalHour='true' value='${value}' unit='°C'/></timestamp></node></fields></message>`;
  const failure = (seqnr: number, state: string) =>
    `<message from='${THING}'><failure ${DATA} seqnr='${seqnr}' done='true'><error nodeId=''/></failure><outcome ${BATTERY} state='${state}'/></message>`;

  /** Asks for the past. */
  async function asks(seqnr = 7, attributes?: string): Promise<void> {
    romeo.sends(request(`r${seqnr}`, seqnr, attributes));
    await romeo.receives(
      `<iq type='result' id='r${seqnr}' from='${THING}'><accepted ${DATA} seqnr='${seqnr}' queued='true'/></iq>`,
    );
    await romeo.receives(
      `<message from='${THING}'><queued ${BATTERY} request='r${seqnr}' readout='${seqnr}'/></message>`,
    );
  }

  /** The Thing gets the request. @returns its id */
  async function isAsked(seqnr = 7): Promise<string> {
    const stanza = await thing.receives(
      `<iq type='get' from='romeo@localhost/garden'><req ${DATA} seqnr='${seqnr}'/></iq>`,
    );
    return stanza.attribute('id') ?? '';
  }

  const accepts = (id: string, seqnr = 7) =>
    thing.sends(`<iq type='result' id='${id}' to='romeo@localhost/garden'><accepted ${DATA} seqnr='${seqnr}'/></iq>`);

  beforeEach(async () => {
    await sleeps(thing, undefined, FIELDS);
    await leaves();
  });

  it('waits; the Thing answers when it wakes, and its answer comes from the address that was asked', async () => {
    await asks();
    expect(await states(romeo)).toEqual(['waiting']);
    await wakes();
    const id = await isAsked();
    accepts(id);
    await romeo.receives(`<message from='${THING}'><started ${DATA} seqnr='7'/></message>`);
    thing.sends(fields('romeo@localhost/garden', 7, 20));
    thing.sends(SLEEP());
    await romeo.receives(
      fields('romeo@localhost/garden', 7, 20).replace("to='romeo@localhost/garden'", `from='${THING}'`),
    );
    await thing.doesNotReceive(`<iq type='result' id='sleep'/>`);
    thing.sends(fields('romeo@localhost/garden', 7, 21, `done='true'`));
    await romeo.receives(
      fields('romeo@localhost/garden', 7, 21, `done='true'`).replace("to='romeo@localhost/garden'", `from='${THING}'`),
    );
    // A read-out is no command: the Thing need not report anew.
    await thing.receives(ASLEEP(0));
    expect(await states(romeo)).toEqual(['answered']);
  });

  it('is refused by the Thing as it refuses: its reader gets the failure', async () => {
    await asks();
    await wakes();
    const id = await isAsked();
    thing.sends(
      `<iq type='error' id='${id}' to='romeo@localhost/garden'><error type='cancel'><forbidden xmlns='${NS.stanzaErrors}'/><text xmlns='${NS.stanzaErrors}'>Access denied.</text></error></iq>`,
    );
    const told = await romeo.receives(failure(7, 'refused'));
    expect(told.elements[0]?.elements[0]?.text).toBe('Access denied.');
  });

  it('ends with a failure when the Thing goes away in the middle, or when the server stops', async () => {
    await asks(7);
    await wakes();
    accepts(await isAsked());
    await romeo.receives(`<message><started ${DATA} seqnr='7'/></message>`);
    await leaves();
    await romeo.receives(failure(7, 'unknown'));
    await asks(8);
    await wakes();
    accepts(await isAsked(8), 8);
    await romeo.receives(`<message><started ${DATA} seqnr='8'/></message>`);
    await romeo.receives(failure(8, 'unknown'));
    expect(await states(romeo)).toEqual(['unknown', 'unknown']);
  });

  it('expires where the Thing does not wake', async () => {
    await stage.close();
    await open({ defaultExpirySeconds: 1 });
    await sleeps();
    await leaves();
    await asks();
    await romeo.receives(failure(7, 'expired'));
    await wakes();
    await thing.doesNotReceive(`<iq type='get'><req ${DATA}/></iq>`);
  });

  it('waits for a Thing that wakes later than commands wait by default, but not for ever', async () => {
    await stage.close();
    await open({ defaultExpirySeconds: 1, maxExpirySeconds: 7200 });
    const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
    await sleeps(thing, `wakes='onEvent' next='${inAnHour}'`);
    await leaves();
    await asks();
    await romeo.doesNotReceive(failure(7, 'expired'));
    await wakes();
    await sleeps(thing, `wakes='onEvent' next='2099-01-01T00:00:00Z'`).catch(() => undefined);
    await leaves();
    romeo.sends(request('far', 9));
    const refused = await romeo.receives(`<iq type='error' id='far'>${error('recipient-unavailable')}</iq>`);
    expect(refused.child('error')?.child('sleeper', 'urn:thingward:battery:1')).toBeDefined();
  });

  it('for later is given to the Thing at its first waking after that', async () => {
    await stage.close();
    await open();
    await sleeps(thing, undefined, FIELDS);
    await leaves();
    await asks(7, `momentary='true' when='${new Date(Date.now() + 1500).toISOString()}'`);
    await wakes();
    await thing.doesNotReceive(`<iq type='get'><req ${DATA}/></iq>`);
    await sleeps();
    await leaves();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await wakes();
    await isAsked();
  });

  it('is taken back by its reader: before the Thing wakes, and while it answers', async () => {
    await asks(7);
    romeo.sends(cancelOf('x', 7));
    await romeo.receives(`<iq type='result' id='x' from='${THING}'><cancelled ${DATA} seqnr='7'/></iq>`);
    romeo.sends(cancelOf('y', 7));
    await romeo.receives(`<iq type='error' id='y'>${error('item-not-found')}</iq>`);
    await asks(8);
    await wakes();
    accepts(await isAsked(8), 8);
    await romeo.receives(`<message><started ${DATA} seqnr='8'/></message>`);
    romeo.sends(cancelOf('z', 8));
    await romeo.receives(`<iq type='result' id='z' from='${THING}'><cancelled ${DATA} seqnr='8'/></iq>`);
    const taken = await thing.receives(`<iq type='get' from='romeo@localhost/garden'><cancel ${DATA} seqnr='8'/></iq>`);
    thing.sends(fields('romeo@localhost/garden', 8, 20));
    thing.sends(
      `<iq type='result' id='${taken.attribute('id')}' to='romeo@localhost/garden'><cancelled ${DATA} seqnr='8'/></iq>`,
    );
    await romeo.doesNotReceive(`<message from='${THING}'><fields ${DATA} seqnr='8'/></message>`);
    await expect.poll(() => states(romeo)).toEqual(['cancelled', 'cancelled']);
  });

  it('is not given to the Thing when its reader has gone, or is no friend any more', async () => {
    await asks();
    romeo.sends('</stream:stream>');
    await romeo.isClosed();
    await wakes();
    await thing.doesNotReceive(`<iq type='get'><req ${DATA}/></iq>`);
    romeo = await stage.present('romeo', 'garden');
    expect(await states(romeo)).toEqual(['cancelled']);
  });

  it('has a number of its own, and is counted with the commands', async () => {
    await stage.close();
    await open({ maxCommandsPerSender: 2 });
    await sleeps();
    await leaves();
    await asks(7);
    romeo.sends(request('again', 7));
    await romeo.receives(`<iq type='error' id='again'>${error('bad-request')}</iq>`);
    await gives(romeo, set('A=1'));
    romeo.sends(request('third', 8));
    await romeo.receives(`<iq type='error' id='third'>${error('resource-constraint')}</iq>`);
  });

  it('can be cancelled in the mailbox, by the owner too; its reader is told', async () => {
    await asks();
    romeo.sends(`<iq type='get' id='list' to='${THING}'><mailbox ${BATTERY}/></iq>`);
    const list = await romeo.receives(`<iq type='result' id='list'/>`);
    const id = list.elements[0]?.elements[0]?.attribute('id');
    romeo.sends(`<iq type='set' id='x' to='${THING}'><cancel ${BATTERY} id='${id}'/></iq>`);
    await romeo.receives(failure(7, 'cancelled'));
  });

  it('survives a restart of the server', async () => {
    await asks();
    await stage.server.stop();
    await stage.start();
    romeo = await stage.present('romeo', 'garden');
    await wakes();
    await isAsked();
  });

  it('is not taken from strangers, nor from those whom the Thing has not named', async () => {
    const mercutio = await stage.present('mercutio', 'street');
    mercutio.sends(request('r', 7));
    await mercutio.receives(`<iq type='error' id='r'>${error('service-unavailable')}</iq>`);
    await wakes();
    await sleeps(thing, `wakes='unknown'`, `<readers><reader jid='mercutio@localhost'/></readers>`);
    await leaves();
    romeo.sends(request('r', 7));
    await romeo.receives(`<iq type='error' id='r'>${error('forbidden')}</iq>`);
  });
});

describe.each(['nf', 'ieee'])('in the dialect of urn:%s:iot', (publisher) => {
  const SD = `xmlns='urn:${publisher}:iot:sd:1.0'`;
  const CTR = `xmlns='urn:${publisher}:iot:ctr:1.0'`;

  it('the last-known state is told, whichever dialect it was left in', async () => {
    const left = `<resp ${SD} id='0'><nd id=''><ts v='2026-01-01T10:00:00Z'><q n='Temperature' m='true' ar='true' v='21.5' u='°C'/></ts></nd></resp>`;
    for (const state of [FIELDS, left]) {
      await sleeps(thing, `wakes='unknown'`, state);
      await leaves();
      romeo.sends(`<iq type='get' id='r' to='${THING}'><req ${SD} id='abc' m='true'/></iq>`);
      await romeo.receives(`<iq type='result' id='r' from='${THING}'><accepted ${SD} id='abc'/></iq>`);
      const told = await romeo.receives(
        `<message from='${THING}'><resp ${SD} id='abc'><ts v='2026-01-01T10:00:00.000Z'><q n='Temperature' v='21.5' u='°C'/></ts></resp><lastKnown ${BATTERY}/></message>`,
      );
      expect(told.elements[0]?.attribute('more')).toBeUndefined();
      await wakes();
    }
  });

  it('commands wait, and a later one takes the place of an earlier one of another dialect', async () => {
    await sleeps();
    await leaves();
    const first = await gives(romeo, set('A=1', 'B=1'));
    romeo.sends(`<iq type='set' id='plain' to='${THING}'><set ${CTR}><i n='A' v='2'/></set></iq>`);
    await romeo.receives(`<message from='${THING}'><queued ${BATTERY} request='plain'/></message>`);
    await romeo.receives(`<message><superseded ${BATTERY} id='${first}'><parameter name='A'/></superseded></message>`);
    await gives(romeo, `<set ${CTR}><i n='C' v='3'/></set>`, undefined, 'own');
    romeo.sends(command('later', set('C=4')));
    await romeo.receives(outcome('superseded'));
    await wakes();
    expect((await takes()).settings).toEqual(['B=1']);
    const harmonised = await thing.receives(`<iq type='set'><set ${CTR}><i n='A' v='2'/></set></iq>`);
    expect((await takes()).settings).toEqual(['C=4']);
    thing.sends(
      `<iq type='result' id='${harmonised.attribute('id')}' to='romeo@localhost/garden'><resp ${CTR}><p n='A'/></resp></iq>`,
    );
    await romeo.receives(`<iq type='result' id='plain' from='${THING}'><resp ${CTR}><p n='A'/></resp></iq>`);
  });

  it('read-outs wait, are begun, ended and taken back', async () => {
    await sleeps();
    await leaves();
    for (const id of ['one', 'two']) {
      romeo.sends(`<iq type='get' id='${id}' to='${THING}'><req ${SD} id='${id}' h='true'/></iq>`);
      await romeo.receives(`<iq type='result' id='${id}'><accepted ${SD} id='${id}' queued='true'/></iq>`);
      await romeo.receives(`<message><queued ${BATTERY} readout='${id}'/></message>`);
    }
    romeo.sends(`<iq type='set' id='c' to='${THING}'><cancel ${SD} id='two'/></iq>`);
    await romeo.receives(`<iq type='result' id='c' from='${THING}'/>`);
    await wakes();
    const asked = await thing.receives(`<iq type='get'><req ${SD} id='one' h='true'/></iq>`);
    thing.sends(
      `<iq type='result' id='${asked.attribute('id')}' to='romeo@localhost/garden'><accepted ${SD} id='one'/></iq>`,
    );
    await romeo.receives(`<message from='${THING}'><started ${SD} id='one'/></message>`);
    thing.sends(`<message to='romeo@localhost/garden'><resp ${SD} id='one'/></message>`);
    await romeo.receives(`<message from='${THING}'><resp ${SD} id='one'/></message>`);
    await thing.doesNotReceive(`<iq type='get'><req ${SD} id='two'/></iq>`);
    await expect.poll(() => states(romeo)).toEqual(['answered', 'cancelled']);
  });

  it('the control form has its marks of groups', async () => {
    const form = `<x xmlns='jabber:x:data' type='form'><field var='A' type='text-single'><parameterGroup ${CONTROL} name='Heating'/></field></x>`;
    await sleeps(thing, `wakes='unknown'`, form);
    await leaves();
    romeo.sends(`<iq type='get' id='f' to='${THING}'><getForm ${CTR}/></iq>`);
    const answer = await romeo.receives(`<iq type='result' id='f'><x xmlns='jabber:x:data'><field var='A'/></x></iq>`);
    expect(answer.toString()).toContain(`<pGroup xmlns='urn:${publisher}:iot:ctr:1.0' n='Heating'/>`);
    expect(answer.toString()).not.toContain('parameterGroup');
  });
});

describe('sleep itself (battery-powered.md §4)', () => {
  it('is told to friends who ask', async () => {
    await sleeps(thing, `wakes='periodically' every='PT10M' listen='PT2S' next='2099-01-01T00:00:00Z'`);
    const status = `<iq type='get' id='s' to='${THING}'><status ${BATTERY}/></iq>`;
    romeo.sends(status);
    await romeo.receives(
      `<iq type='result' id='s'><sleeper ${BATTERY} wakes='periodically' every='PT10M' listen='PT2S' next='2099-01-01T00:00:00.000Z' asleep='true' waiting='0'/></iq>`,
    );
    await leaves();
    await wakes();
    await expect
      .poll(async () => {
        romeo.sends(status);
        return (await romeo.receives(`<iq type='result' id='s'/>`)).elements[0]?.attribute('asleep');
      })
      .toBe('false');
  });

  it('waits for the answers to what was given, and counts it', async () => {
    await sleeps();
    await leaves();
    await gives(romeo, set('A=1'));
    await wakes();
    const taken = await takes();
    thing.sends(SLEEP());
    await thing.doesNotReceive(ASLEEP(1));
    answers(taken);
    await thing.receives(ASLEEP(1));
  });

  it.each([
    [`wakes='sometimes'`, ''],
    [`wakes='periodically'`, ''],
    [`wakes='unknown' next='soon'`, ''],
    [`wakes='unknown'`, `<fields ${DATA} seqnr='x'/>`],
    [`wakes='unknown'`, '<readers><reader/></readers>'],
  ])('is refused when it is told wrongly: %s %s', async (attributes, content) => {
    thing.sends(SLEEP(attributes, content));
    await thing.receives(`<iq type='error' id='sleep'>${error('bad-request')}</iq>`);
  });

  it('takes no more state than there is room for', async () => {
    await stage.close();
    await open({ maxStateBytes: 100 });
    thing.sends(SLEEP(`wakes='unknown'`, FIELDS));
    await thing.receives(`<iq type='error' id='sleep'>${error('resource-constraint')}</iq>`);
  });

  it('keeps a session longer than others are kept', async () => {
    await stage.close();
    stage = await Stage.open({ limits: { maxResumeSeconds: 1 } });
    romeo = await stage.present('romeo', 'garden');
    thing = await stage.present('juliet', 'sensor');
    await befriend(romeo, thing);
    thing.sends(`<enable xmlns='${STREAM_MANAGEMENT}' resume='true'/>`);
    await thing.receives(`<enabled xmlns='${STREAM_MANAGEMENT}'/>`);
    await sleeps();
    thing.leaves();
    await new Promise((resolve) => setTimeout(resolve, 1300));
    await romeo.doesNotReceive(`<presence type='unavailable' from='${THING}/sensor'/>`);
  });
});

describe('a server that keeps mailboxes', () => {
  const info = async (to: string) => {
    romeo.sends(`<iq type='get' id='i' to='${to}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`);
    return (await romeo.receives(`<iq type='result' id='i'/>`)).toString();
  };

  it('says so, itself and for its accounts', async () => {
    expect(await info('localhost')).toContain(`var='urn:thingward:battery:1'`);
    expect(await info(THING)).toContain(`var='urn:thingward:battery:1'`);
  });

  it('does not say so when it keeps none', async () => {
    await stage.close();
    await open({ enabled: false });
    expect(await info('localhost')).not.toContain('urn:thingward:battery:1');
    thing.sends(SLEEP());
    await thing.receives(`<iq type='error' id='sleep'>${error('service-unavailable')}</iq>`);
  });
});
