import { NS } from '@thingward/xmpp';
import { afterEach, describe, expect, it } from 'vitest';
import { type Actor, befriend, STREAM_HEADER, Stage } from './conversation.ts';

let stage: Stage;

describe('when worker processes can not be started', () => {
  it('says so', async () => {
    await expect(Stage.open({ workers: 1 }, { workerProgram: '/nonexistent/worker.js' })).rejects.toThrow(
      /worker processes could not be started/,
    );
  });
});

const fields = (seqnr: number) => `<fields xmlns='urn:xmpp:iot:sensordata' seqnr='${seqnr}'/>`;
const data = (to: string, seqnr: number) => `<message to='${to}' id='${seqnr}'>${fields(seqnr)}</message>`;
const chat = (to: string, id: number) => `<message to='${to}' type='chat' id='${id}'><body>hi</body></message>`;

async function switched(): Promise<number> {
  const text = await (await fetch(`${stage.server.url}/metrics`)).text();
  return Number(/^thingward_data_switched_total (\d+)$/m.exec(text)?.[1]);
}

/** Two clients in two workers, as each connection goes to the worker that has fewest. */
async function twoClients(): Promise<[Actor, Actor]> {
  stage = await Stage.open({ workers: 2 });
  const romeo = await stage.signIn('romeo');
  return [romeo, await stage.signIn('juliet')];
}

/** Until what the account may do past the router is decided: its block list has to be read first. */
async function settled(...actors: Actor[]): Promise<void> {
  for (const actor of actors) {
    actor.sends(`<iq type='get' id='blocked'><blocklist xmlns='urn:xmpp:blocking'/></iq>`);
    await actor.receives(`<iq type='result' id='blocked'/>`);
  }
}

describe('with worker processes', () => {
  afterEach(() => stage.close());

  it('clients of different workers talk to each other, over STARTTLS and direct TLS', async () => {
    stage = await Stage.open({ workers: 2 });
    expect(stage.server.workerPids).toHaveLength(2);
    const romeo = await stage.connect();
    await romeo.opens();
    romeo.sends(`<starttls xmlns='${NS.tls}'/>`);
    await romeo.receives(`<proceed xmlns='${NS.tls}'/>`);
    await romeo.startsTls();
    await romeo.authenticates('romeo', 'romeo');
    await romeo.binds('r');
    const juliet = await stage.signIn('juliet');
    romeo.sends(chat('juliet@localhost/r', 1));
    await juliet.receives(`<message from='romeo@localhost/r' type='chat' id='1'><body>hi</body></message>`);
    juliet.sends(chat('romeo@localhost/r', 2));
    await romeo.receives(`<message from='juliet@localhost/r' type='chat' id='2'><body>hi</body></message>`);
  });

  it('data goes past the router, with the address of its sender', async () => {
    const [romeo, juliet] = await twoClients();
    await settled(romeo, juliet);
    const before = await switched();
    romeo.sends(data('juliet@localhost/r', 7));
    await juliet.receives(`<message from='romeo@localhost/r' to='juliet@localhost/r' id='7'>${fields(7)}</message>`);
    juliet.sends(`<iq type='get' id='1' to='romeo@localhost/r'><req xmlns='urn:xmpp:iot:sensordata' seqnr='1'/></iq>`);
    await romeo.receives(`<iq type='get' id='1' from='juliet@localhost/r'/>`);
    expect(await switched()).toBe(before + 2);
  });

  it('data without a language gets that of its stream', async () => {
    stage = await Stage.open({ workers: 2 });
    const romeo = await stage.connectTls();
    await romeo.authenticates('romeo', 'romeo');
    await romeo.opens(STREAM_HEADER.replace(' to=', " xml:lang='it' to="));
    romeo.sends(`<iq type='set' id='bind'><bind xmlns='${NS.bind}'><resource>r</resource></bind></iq>`);
    await romeo.receives(`<iq type='result' id='bind'/>`);
    const juliet = await stage.signIn('juliet');
    await settled(romeo, juliet);
    romeo.sends(
      data('juliet@localhost/r', 1) + data('juliet@localhost/r', 2).replace('<message', "<message xml:lang='de'"),
    );
    await juliet.receives(`<message id='1' from='romeo@localhost/r' xml:lang='it'/>`);
    await juliet.receives(`<message id='2' from='romeo@localhost/r' xml:lang='de'/>`);
    expect(await switched()).toBe(2);
  });

  it('data in a false name ends the stream', async () => {
    const [romeo, juliet] = await twoClients();
    await settled(romeo, juliet);
    romeo.sends(`<message from='mercutio@localhost/r' to='juliet@localhost/r'>${fields(1)}</message>`);
    await romeo.isThrownOut('invalid-from');
    await juliet.doesNotReceive('<message/>');
  });

  it('keeps the order of data, conversation and requests of one sender', async () => {
    const [romeo, juliet] = await twoClients();
    await settled(romeo, juliet);
    const count = 600;
    const stanzas = Array.from({ length: count }, (_, i) =>
      i % 3 === 0 ? chat('juliet@localhost/r', i) : data('juliet@localhost/r', i),
    );
    // In pieces that end anywhere.
    const text = stanzas.join('');
    for (let at = 0; at < text.length; at += 997) romeo.sends(text.slice(at, at + 997));
    for (let i = 0; i < count; i++) expect((await juliet.next()).attribute('id')).toBe(String(i));
    expect(await switched()).toBeGreaterThan(0);
  });

  it('answers data for who is not there as the router does', async () => {
    const [romeo] = await twoClients();
    await settled(romeo);
    romeo.sends(data('mercutio@localhost/r', 1));
    await romeo.receives(
      `<message type='error' from='mercutio@localhost/r' id='1'><error><service-unavailable xmlns='${NS.stanzaErrors}'/></error></message>`,
    );
  });

  it('holds data back from who is blocked, from the moment it is', async () => {
    const [romeo, juliet] = await twoClients();
    await settled(romeo, juliet);
    romeo.sends(data('juliet@localhost/r', 1));
    await juliet.receives(`<message id='1'/>`);
    juliet.sends(`<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='romeo@localhost'/></block></iq>`);
    await juliet.receives(`<iq type='result' id='b'/>`);
    romeo.sends(data('juliet@localhost/r', 2));
    await romeo.receives(`<message type='error' id='2'/>`);
    await juliet.doesNotReceive('<message/>');
    juliet.sends(`<iq type='set' id='u'><unblock xmlns='urn:xmpp:blocking'/></iq>`);
    await juliet.receives(`<iq type='result' id='u'/>`);
    romeo.sends(data('juliet@localhost/r', 3));
    await juliet.receives(`<message id='3'/>`);
  });

  it('counts data for who acknowledges, on both sides', async () => {
    const [romeo, juliet] = await twoClients();
    await settled(romeo, juliet);
    for (const actor of [romeo, juliet]) {
      actor.sends(`<enable xmlns='urn:xmpp:sm:3'/>`);
      await actor.receives(`<enabled xmlns='urn:xmpp:sm:3'/>`);
    }
    romeo.sends(`${data('juliet@localhost/r', 1)}<r xmlns='urn:xmpp:sm:3'/>`);
    await romeo.receives(`<a xmlns='urn:xmpp:sm:3' h='1'/>`);
    await juliet.receives(`<message id='1'/>`);
    await juliet.receives(`<r xmlns='urn:xmpp:sm:3'/>`);
  });

  it('brings presence to contacts in other workers', async () => {
    stage = await Stage.open({ workers: 2 });
    const [romeo, juliet] = [await stage.present('romeo'), await stage.present('juliet')];
    await befriend(romeo, juliet);
    romeo.leaves();
    await juliet.receives(`<presence type='unavailable' from='romeo@localhost/r'/>`);
  });

  it('survives the end of one: its clients are cut off, the others go on, and it is started again', async () => {
    const [romeo, juliet] = await twoClients();
    const [first] = stage.server.workerPids;
    process.kill(first as number, 'SIGKILL');
    const ended = await Promise.race([romeo.isClosed().then(() => romeo), juliet.isClosed().then(() => juliet)]);
    const other = ended === romeo ? juliet : romeo;
    await other.doesNotReceive('<message/>');
    const again = await stage.signIn('mercutio');
    again.sends(chat(`${ended === romeo ? 'juliet' : 'romeo'}@localhost/r`, 1));
    await other.receives(`<message from='mercutio@localhost/r'/>`);
    for (let tries = 0; stage.server.workerPids.length < 2; tries++) {
      if (tries > 200) throw new Error('the worker was not started again');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(stage.server.workerPids).not.toContain(first);
  });

  it('takes whole streams of a client that floods, while others are served', async () => {
    const [romeo, juliet] = await twoClients();
    await settled(romeo, juliet);
    const flood = data('juliet@localhost/r', 1).repeat(5000);
    juliet.pauses();
    for (let i = 0; i < 4; i++) romeo.sends(flood);
    const mercutio = await stage.signIn('mercutio');
    await mercutio.doesNotReceive('<message/>');
  });
});
