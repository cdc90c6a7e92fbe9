import { ARCHIVE, CARBONS, decodeArchiveResult, decodeCarbon, Jid, NS, Roster, XmppClient } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BoshActor } from './bosh-actor.ts';
import { type Actor, push, rosterSet, Stage } from './conversation.ts';

const JULIET = Jid.parse('juliet@localhost/r');
const forwarded = `<forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/><message xmlns='jabber:client' from='romeo@localhost/r' to='juliet@localhost'><body>I never said this</body></message></forwarded>`;

let stage: Stage;
let juliet: Actor;
beforeAll(async () => {
  stage = await Stage.open();
  juliet = await stage.present('juliet');
});
afterAll(() => stage.close());

describe('a client speaks for itself alone', () => {
  it.each([
    ['another account', 'juliet@localhost/r'],
    ['the bare address of another account', 'juliet@localhost'],
    ['another resource of its own', 'romeo@localhost/elsewhere'],
    ['the server', 'localhost'],
    ['a service', 'pubsub.localhost'],
    ['a like name at another domain', 'romeo@localhost.example/r'],
    ['nobody', ''],
    ['no address', '@'],
  ])('and not for %s', async (_, from) => {
    for (const kind of ['message', 'presence', 'iq']) {
      const romeo = await stage.signIn('romeo');
      romeo.sends(
        `<${kind} from='${from}' to='juliet@localhost/r' type='${kind === 'iq' ? 'result' : ''}' id='forged'/>`,
      );
      await romeo.isThrownOut('invalid-from');
    }
    await juliet.doesNotReceive(`<message id='forged'/>`);
  });

  it.each([
    ['without an address', ''],
    ['as it is', `from='romeo@localhost/r'`],
    ['without its resource', `from='romeo@localhost'`],
    ['written in another way', `from='ROMEO@LocalHost/r'`],
    ['beside an attribute of another namespace', `xmlns:x='urn:x' x:from='juliet@localhost/r'`],
    ['with entities in it', `from='rome&#x6f;@localhost/r'`],
  ])('%s, and is heard as who it is', async (_, from) => {
    const romeo = await stage.signIn('romeo');
    romeo.sends(`<message ${from} to='juliet@localhost/r' id='true'><body>it is I</body></message>`);
    const heard = await juliet.receives(`<message id='true'/>`);
    expect(heard.attribute('from')).toBe('romeo@localhost/r');
  });

  it('and not twice', async () => {
    const romeo = await stage.signIn('romeo');
    romeo.sends(`<message from='romeo@localhost/r' from='juliet@localhost/r' to='juliet@localhost/r'/>`);
    await romeo.isThrownOut('not-well-formed');
  });

  it('over BOSH too', async () => {
    const romeo = new BoshActor(stage.server.url ?? '');
    await romeo.signsIn('romeo');
    const answer = await romeo.sends(
      `<message xmlns='jabber:client' from='mercutio@localhost' to='juliet@localhost/r' id='forged'/>`,
    );
    expect(answer.toString()).toContain('invalid-from');
    await juliet.doesNotReceive(`<message id='forged'/>`);
  });

  it('before it has bound a resource, not at all', async () => {
    const romeo = await stage.connectTls();
    await romeo.authenticates('romeo', 'romeo');
    await romeo.opens();
    romeo.sends(`<message from='romeo@localhost/r' to='juliet@localhost/r' id='forged'/>`);
    await romeo.isThrownOut('not-authorized');
    await juliet.doesNotReceive(`<message id='forged'/>`);
  });
});

describe('what only the own account or server may send', () => {
  it('is from whoever sends it, and so no copy and no part of an archive', async () => {
    const mercutio = await stage.signIn('mercutio');
    mercutio.sends(
      `<message to='juliet@localhost/r' id='c'><received xmlns='${CARBONS}'>${forwarded}</received></message>`,
    );
    const copy = await juliet.receives(`<message id='c' from='mercutio@localhost/r'/>`);
    expect(decodeCarbon(copy, JULIET)).toBeUndefined();
    expect(decodeCarbon(copy.with({ from: 'juliet@localhost' }), JULIET)?.direction).toBe('received');
    mercutio.sends(
      `<message to='juliet@localhost/r' id='a'><result xmlns='${ARCHIVE}' id='1'>${forwarded}</result></message>`,
    );
    const result = await juliet.receives(`<message id='a' from='mercutio@localhost/r'/>`);
    expect(decodeArchiveResult(result, JULIET)).toBeUndefined();
    expect(decodeArchiveResult(result.with({ from: 'juliet@localhost' }), JULIET)?.id).toBe('1');
  });

  it('an event of a node comes from its account, whatever is inside', async () => {
    const mercutio = await stage.signIn('mercutio');
    const event = `<event xmlns='http://jabber.org/protocol/pubsub#event'><items node='urn:x'><item id='1'/></items></event>`;
    mercutio.sends(`<message to='juliet@localhost/r' id='e' type='headline'>${event}</message>`);
    await juliet.receives(`<message id='e' from='mercutio@localhost/r'/>`);
    mercutio.sends(
      `<iq type='set' id='p' to='romeo@localhost'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:x'><item/></publish></pubsub></iq>`,
    );
    await mercutio.receives(`<iq type='error' id='p'/>`);
  });

  it.each([
    ['roster', `<iq type='get' id='x' to='juliet@localhost'><query xmlns='${NS.roster}'/></iq>`],
    [
      'roster, to change it',
      rosterSet('x', `<item jid='a@localhost'/>`).replace("id='x'", "id='x' to='juliet@localhost'"),
    ],
    ['archive', `<iq type='set' id='x' to='juliet@localhost'><query xmlns='${ARCHIVE}'/></iq>`],
    ['copies', `<iq type='set' id='x' to='juliet@localhost'><enable xmlns='${CARBONS}'/></iq>`],
    ['block list', `<iq type='get' id='x' to='juliet@localhost'><blocklist xmlns='urn:xmpp:blocking'/></iq>`],
    [
      'private data',
      `<iq type='get' id='x' to='juliet@localhost'><query xmlns='jabber:iq:private'><a xmlns='b'/></query></iq>`,
    ],
  ])('the %s of an account is nobody else’s', async (_, request) => {
    const mercutio = await stage.signIn('mercutio');
    mercutio.sends(request);
    await mercutio.receives(`<iq type='error' id='x'/>`);
  });

  it('a roster push of somebody else comes from there, and our client refuses it', async () => {
    const client = new XmppClient({
      jid: Jid.parse('romeo@localhost'),
      password: 'romeo',
      resource: 'client',
      connect: tcpConnector({
        domain: 'localhost',
        host: '127.0.0.1',
        port: stage.server.address(1)?.port ?? 0,
        tls: 'direct',
        trust: { fingerprint: stage.server.tls.fingerprint },
      }),
    });
    const roster = new Roster(client);
    client.start();
    await client.ready();
    const mercutio = await stage.signIn('mercutio');
    const forged = push(`<item jid='mercutio@localhost' subscription='both'/>`);
    mercutio.sends(forged.replace('<iq ', `<iq id='push' to='romeo@localhost/client' `));
    await mercutio.receives(`<iq type='error' id='push' from='romeo@localhost/client'/>`);
    expect(roster.contacts.size).toBe(0);
    await client.stop();
  });

  it('an answer to a request counts from whom it was asked alone', async () => {
    const romeo = await stage.signIn('romeo', 'asked');
    juliet.sends(`<iq type='get' id='q' to='romeo@localhost/asked'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await romeo.receives(`<iq id='q' from='juliet@localhost/r'/>`);
    const mercutio = await stage.signIn('mercutio');
    mercutio.sends(`<iq type='result' id='q' to='juliet@localhost/r'/>`);
    const forged = await juliet.receives(`<iq type='result' id='q'/>`);
    expect(forged.attribute('from')).toBe('mercutio@localhost/r');
  });
});
