import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BLOCKING, CARBONS, CLIENT_STATE, NS, STREAM_MANAGEMENT } from '@thingward/xmpp';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { ThingwardServer } from '../src/index.ts';
import { BoshActor } from './bosh-actor.ts';
import { type Actor, befriend, push, rosterSet, Stage } from './conversation.ts';

const SM = `xmlns='${STREAM_MANAGEMENT}'`;
const message = (id: string, to = 'juliet@localhost/r', type = 'chat') =>
  `<message to='${to}' type='${type}' id='${id}'><body>${id}</body></message>`;

let stage: Stage;
afterEach(() => stage?.close());

/** @returns the id for resuming */
async function enables(actor: Actor, attributes = `resume='true'`): Promise<string> {
  actor.sends(`<enable ${SM} ${attributes}/>`);
  return (await actor.receives(`<enabled ${SM}/>`)).attribute('id') ?? '';
}

async function resumes(name: string, id: string, h: number) {
  const actor = await stage.connectTls();
  await actor.authenticates(name, name);
  await actor.opens();
  actor.sends(`<resume ${SM} previd='${id}' h='${h}'/>`);
  return [actor, await actor.next()] as const;
}

async function restarts(downMs = 0): Promise<void> {
  await stage.server.stop();
  await new Promise((resolve) => setTimeout(resolve, downMs));
  await stage.start();
}

/** IDs of the messages that arrive until the answer to a ping does. */
async function messagesOf(actor: Actor): Promise<string[]> {
  const until = `until${Math.random().toString(36).slice(2)}`;
  actor.sends(`<iq type='get' id='${until}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`);
  const ids: string[] = [];
  for (;;) {
    const stanza = await actor.next();
    if (stanza.attribute('id') === until) return ids;
    if (stanza.name === 'message') ids.push(stanza.attribute('id') ?? '');
  }
}

describe('a session that can be resumed (XEP-0198 §5)', () => {
  it('is taken up after a restart, with each unacknowledged stanza once and in order', async () => {
    stage = await Stage.open();
    const juliet = await stage.signIn('juliet');
    const id = await enables(juliet);
    juliet.sends(message('x', 'mercutio@localhost'));
    const romeo = await stage.signIn('romeo', 'friend');
    for (const n of ['1', '2', '3']) romeo.sends(message(n));
    await juliet.receives(`<message id='3'/>`);
    juliet.sends(`<a ${SM} h='1'/>`);
    expect(await messagesOf(juliet)).toEqual([]);
    await restarts();
    await juliet.receives(`<a ${SM} h='2'/>`);
    await juliet.isThrownOut('system-shutdown');

    const others = await stage.signIn('romeo', 'friend');
    others.sends(message('4'));
    await others.doesNotReceive(`<message type='error'/>`);
    const [again, answer] = await resumes('juliet', id, 1);
    expect(answer.attributes).toEqual({ h: '2', previd: id });
    expect(await messagesOf(again)).toEqual(['2', '3', '4']);
    // The three, the answer to a ping, the fourth, the answer to another.
    again.sends(`<a ${SM} h='6'/>`);
    others.sends(message('5'));
    await again.receives(`<message id='5'/>`);
    again.sends(`<a ${SM} h='7'/>`);
    expect(await messagesOf(again)).toEqual([]);
    await restarts();
    const [third, second] = await resumes('juliet', id, 7);
    expect(second.name).toBe('resumed');
    expect(await messagesOf(third)).toEqual([]);
  });

  it('keeps its presence, its priority, and its wish for the roster, for copies and for the block list', async () => {
    stage = await Stage.open();
    const [romeo, juliet] = [await stage.present('romeo'), await stage.present('juliet', 'r', 7)];
    await befriend(romeo, juliet);
    juliet.sends(`<iq type='set' id='c'><enable xmlns='${CARBONS}'/></iq>`);
    await juliet.receives(`<iq type='result' id='c'/>`);
    juliet.sends(`<iq type='get' id='b'><blocklist xmlns='${BLOCKING}'/></iq>`);
    await juliet.receives(`<iq type='result' id='b'/>`);
    const kept = await enables(romeo);
    const id = await enables(juliet);
    await restarts();
    const [again] = await resumes('romeo', kept, 0);
    await again.doesNotReceive(`<presence type='unavailable'/>`);

    const desk = await stage.present('juliet', 'desk');
    await desk.receives(`<presence from='juliet@localhost/r'><priority>7</priority></presence>`);
    desk.sends(rosterSet('s', `<item jid='nurse@localhost'/>`));
    desk.sends(`<iq type='set' id='block'><block xmlns='${BLOCKING}'><item jid='tybalt@localhost'/></block></iq>`);
    desk.sends(message('copied', 'mercutio@localhost'));
    await desk.doesNotReceive(`<message id='copied'/>`);
    again.sends(message('to the higher priority', 'juliet@localhost'));
    await again.doesNotReceive(`<message type='error'/>`);
    await desk.doesNotReceive(`<message id='to the higher priority'/>`);
    const [third] = await resumes('juliet', id, 0);
    await third.receives(push(`<item jid='nurse@localhost'/>`));
    await third.receives(`<iq type='set'><block xmlns='${BLOCKING}'><item jid='tybalt@localhost'/></block></iq>`);
    await third.receives(`<message from='juliet@localhost'><sent xmlns='${CARBONS}'/></message>`);
    await third.receives(`<message id='to the higher priority'/>`);
  });

  it('whose client was inactive is active again, and gets the presence that was held back', async () => {
    stage = await Stage.open();
    const [romeo, juliet] = [await stage.present('romeo'), await stage.present('juliet')];
    await befriend(romeo, juliet);
    const id = await enables(juliet);
    juliet.sends(`<inactive xmlns='${CLIENT_STATE}'/>`);
    await juliet.doesNotReceive('<presence/>');
    romeo.sends('<presence><status>away</status></presence>');
    await romeo.receives('<presence><status>away</status></presence>');
    const kept = await enables(romeo);
    await restarts();
    await resumes('romeo', kept, 0);
    const [again] = await resumes('juliet', id, 1);
    await again.receives(`<presence from='romeo@localhost/r'><status>away</status></presence>`);
  });

  it('has its messages in no other place meanwhile, even those that were stored before', async () => {
    stage = await Stage.open();
    const romeo = await stage.signIn('romeo');
    for (const n of ['1', '2']) romeo.sends(message(n, 'juliet@localhost'));
    expect(await messagesOf(romeo)).toEqual([]);
    const phone = await stage.signIn('juliet', 'phone');
    const id = await enables(phone);
    phone.sends('<presence/>');
    await phone.receives(`<message id='2'/>`);
    await restarts();
    const desk = await stage.present('juliet', 'desk');
    expect(await messagesOf(desk)).toEqual([]);
    desk.sends('</stream:stream>');
    await desk.isClosed();
    // Of what it has got it has handled one presence and one message.
    const [again, answer] = await resumes('juliet', id, 2);
    expect(answer.name).toBe('resumed');
    expect(await messagesOf(again)).toEqual(['2']);
    again.sends(`<a ${SM} h='6'/></stream:stream>`);
    await again.isClosed();
    await restarts();
    expect(await messagesOf(await stage.present('juliet'))).toEqual([]);
  });

  it('that comes too late has left its messages to the next log-in', async () => {
    stage = await Stage.open();
    const romeo = await stage.present('romeo');
    const juliet = await stage.present('juliet');
    await befriend(romeo, juliet);
    const [id, kept] = [await enables(juliet, `resume='true' max='1'`), await enables(romeo)];
    for (const n of ['1', '2']) romeo.sends(message(n));
    await juliet.receives(`<message id='2'/>`);
    juliet.leaves();
    await restarts(1200);
    const [again] = await resumes('romeo', kept, 0);
    await again.receives(`<presence type='unavailable' from='juliet@localhost/r'/>`);
    const [late, answer] = await resumes('juliet', id, 0);
    expect(answer.toString()).toContain('item-not-found');
    expect(answer.attribute('h')).toBe('0');
    late.leaves();
    const next = await stage.present('juliet');
    const [first, second] = [await next.receives('<message/>'), await next.receives('<message/>')];
    expect([first, second].map((stanza) => stanza.attribute('id'))).toEqual(['1', '2']);
    expect(first.child('delay', 'urn:xmpp:delay')).toBeDefined();
    expect(await messagesOf(next)).toEqual([]);
  });

  it('waits still after a server has died that it did not come back to', async () => {
    stage = await Stage.open();
    const juliet = await stage.signIn('juliet');
    const id = await enables(juliet);
    const romeo = await stage.signIn('romeo');
    romeo.sends(message('1'));
    await juliet.receives(`<message id='1'/>`);
    await restarts();
    // What is on the disk at this moment is what a server that is killed leaves.
    const copy = mkdtempSync(join(tmpdir(), 'thingward-copy-'));
    cpSync(stage.directory, copy, { recursive: true });
    await stage.server.stop();
    try {
      stage.server = await ThingwardServer.start(stage.config({ dataDir: copy, workers: 0 }));
      const [again, answer] = await resumes('juliet', id, 0);
      expect(answer.name).toBe('resumed');
      expect(await messagesOf(again)).toEqual(['1']);
    } finally {
      await stage.server.stop();
      rmSync(copy, { recursive: true });
      await stage.start();
    }
  });

  it('does not outlive its account', async () => {
    stage = await Stage.open();
    await enables(await stage.signIn('juliet'));
    await stage.server.accounts.remove('juliet');
    await restarts();
    await stage.server.accounts.add('juliet', 'juliet');
    await stage.signIn('juliet');
  });
});

describe('a server that stops', () => {
  it('tells contacts of those alone who can’t come back', async () => {
    stage = await Stage.open();
    const [romeo, juliet] = [await stage.present('romeo'), await stage.present('juliet')];
    await befriend(romeo, juliet);
    const kept = await enables(juliet);
    await restarts();
    const [again] = await resumes('juliet', kept, 0);
    await again.receives(`<presence type='unavailable' from='romeo@localhost/r'/>`);
  });

  it('tells streams without a session too, whatever they come over', async () => {
    stage = await Stage.open({
      listen: { c2s: '127.0.0.1:0', c2sTls: '127.0.0.1:0', http: '127.0.0.1:0', component: '127.0.0.1:0' },
      components: { 'bridge.localhost': 'secret' },
    });
    const romeo = await stage.connect();
    await romeo.opens();
    const bridge = await stage.component(2, 'bridge.localhost', 'secret');
    const received: string[] = [];
    const socket = new WebSocket(`${stage.server.url?.replace('http', 'ws')}/xmpp-websocket`, ['xmpp']);
    await new Promise((resolve) => socket.once('open', resolve));
    socket.on('message', (data) => received.push(String(data)));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await restarts();
    await romeo.isThrownOut('system-shutdown');
    await bridge.isThrownOut('system-shutdown');
    await closed;
    expect(received.join('')).toMatch(/<open .*system-shutdown.*<close /s);
  });

  it('names another host where there is one, and where to resume', async () => {
    const other = 'xmpp2.example:5222';
    stage = await Stage.open({ shutdown: { seeOtherHost: other }, streamManagement: { location: other } });
    const romeo = await stage.connect();
    await romeo.opens();
    const juliet = await stage.signIn('juliet');
    juliet.sends(`<enable ${SM} resume='true'/>`);
    expect((await juliet.receives(`<enabled ${SM}/>`)).attribute('location')).toBe(other);
    const mercutio = new BoshActor(stage.server.url ?? '');
    await mercutio.signsIn('mercutio');
    const waiting = mercutio.sends();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await restarts();
    for (const actor of [romeo, juliet]) {
      const see = `<see-other-host xmlns='${NS.streamErrors}'>${other}</see-other-host>`;
      await actor.receives(`<stream:error>${see}</stream:error>`);
    }
    const { attributes } = await waiting;
    expect(attributes).toMatchObject({ type: 'terminate', condition: 'remote-stream-error' });
    expect((await waiting).toString()).toContain(other);
  });
});
