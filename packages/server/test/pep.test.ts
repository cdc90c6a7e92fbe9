import { parseElement } from '@thingward/xml';
import { capsVer, DISCO_INFO, encodeCaps, Jid, presence, type XmppPeer } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Actor, befriend, push, rosterSet, Stage } from './conversation.ts';

const PUBSUB = 'http://jabber.org/protocol/pubsub';
const TUNE = 'http://jabber.org/protocol/tune';
const tune = (title: string) => `<tune xmlns='${TUNE}'><title>${title}</title></tune>`;
const told = (title: string, from = 'juliet@localhost') =>
  `<message from='${from}' type='headline'><event xmlns='${PUBSUB}#event'><items node='${TUNE}'><item>${tune(title)}</item></items></event></message>`;
const pubsub = (id: string, type: string, content: string, to?: string, kind = '') =>
  `<iq type='${type}' id='${id}'${to ? ` to='${to}'` : ''}><pubsub xmlns='${PUBSUB}${kind}'>${content}</pubsub></iq>`;
const publish = (id: string, title: string, options = '') =>
  pubsub(id, 'set', `<publish node='${TUNE}'><item>${tune(title)}</item></publish>${options}`);
const form = (type: string, fields: Record<string, string>) =>
  `<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>${PUBSUB}#${type}</value></field>${Object.entries(
    fields,
  )
    .map(([name, value]) => `<field var='pubsub#${name}'><value>${value}</value></field>`)
    .join('')}</x>`;

const NAMES = 'client/pc';
let software = 0;

/** A client that wants to hear of tunes, or of something else. @returns its caps and what it answers when asked for them */
async function client(features = [`${TUNE}+notify`]): Promise<{ c: string; info: string }> {
  software++;
  const info = `<identity category='client' type='pc' name='${NAMES} ${software}'/>${features.map((name) => `<feature var='${name}'/>`).join('')}`;
  const ver = await capsVer(parseElement(`<query xmlns='${DISCO_INFO}'>${info}</query>`), 'sha-1');
  return { c: encodeCaps({ hash: 'sha-1', node: 'urn:client', ver: ver as string }).toString(), info };
}

/** Shows presence with capabilities, and tells them when asked. */
async function appears(actor: Actor, { c, info }: { c: string; info: string }): Promise<void> {
  actor.sends(`<presence>${c}</presence>`);
  const asked = await actor.receives(`<iq type='get'><query xmlns='${DISCO_INFO}'/></iq>`);
  actor.sends(
    `<iq type='result' id='${asked.attribute('id')}' to='${asked.attribute('from')}'><query xmlns='${DISCO_INFO}'>${info}</query></iq>`,
  );
  // What comes of it is done when the next question is answered.
  await actor.doesNotReceive('<iq type="get"/>');
}

let stage: Stage;
let nurse: XmppPeer;
let juliet: Actor;
let romeo: Actor;
beforeEach(async () => {
  const service = {
    name: 'nurse',
    title: 'The nurse',
    migrations: {},
    create: (peer: XmppPeer) => {
      nurse = peer;
      return { start: async () => {}, stop: async () => {} };
    },
  };
  stage = await Stage.open({}, { services: [service] });
  juliet = await stage.present('juliet', 'balcony');
  romeo = await stage.present('romeo', 'orchard');
  await befriend(romeo, juliet);
});
afterEach(() => stage.close());

describe('personal eventing (XEP-0163)', () => {
  it('notifies contacts of other domains by the presence they have sent', async () => {
    const jid = Jid.parse('nurse@nurse.localhost/chamber');
    const to = Jid.parse('juliet@localhost');
    const { c, info } = await client();
    const events: string[] = [];
    nurse.onIq('get', { name: 'query', namespace: DISCO_INFO }, () =>
      parseElement(`<query xmlns='${DISCO_INFO}'>${info}</query>`),
    );
    nurse.onMessage({ name: 'event', namespace: `${PUBSUB}#event` }, (message, event) => {
      expect([`${message.from}`, `${message.to}`]).toEqual(['juliet@localhost', `${jid}`]);
      events.push(/<title>(.*)<\/title>/.exec(event.toString())?.[1] ?? '');
    });
    const published = async (id: string) => {
      juliet.sends(publish(id, id));
      await juliet.receives(`<iq type='result' id='${id}'/>`);
    };
    await published('before');
    nurse.send(presence('subscribe', { from: jid.bare, to }));
    await juliet.receives(`<presence type='subscribe' from='nurse@nurse.localhost'/>`);
    juliet.sends(`<presence type='subscribed' to='nurse@nurse.localhost'/>`);
    await juliet.receives(push(`<item jid='nurse@nurse.localhost' subscription='from'/>`));
    nurse.send(presence(undefined, { from: jid, to }, parseElement(c)));
    await expect.poll(() => events).toEqual(['before']);
    await published('while');
    nurse.send(presence('unavailable', { from: jid, to }));
    await published('after');
    juliet.sends('<presence/>');
    await juliet.doesNotReceive('<message/>');
    expect(events).toEqual(['before', 'while']);
  });

  it('is told by the account (examples of §6.1)', async () => {
    juliet.sends(`<iq type='get' id='1' to='juliet@localhost'><query xmlns='${DISCO_INFO}'/></iq>`);
    await juliet.receives(
      `<iq type='result' id='1' from='juliet@localhost'><query xmlns='${DISCO_INFO}'><identity category='account' type='registered'/><identity category='pubsub' type='pep'/>${[
        'access-presence',
        'auto-create',
        'auto-subscribe',
        'config-node',
        'filtered-notifications',
        'last-published',
        'persistent-items',
        'publish-options',
      ]
        .map((name) => `<feature var='${PUBSUB}#${name}'/>`)
        .join('')}</query></iq>`,
    );
  });

  it('notifies who is interested, at all resources, from the bare JID (examples 1 - 4)', async () => {
    const interested = await client();
    await appears(romeo, interested);
    await appears(juliet, await client());
    // The same software needs not be asked again.
    const chamber = await stage.signIn('juliet', 'chamber');
    chamber.sends(`<presence>${interested.c}</presence>`);
    await chamber.receives(`<presence from='juliet@localhost/chamber'/>`);
    const mercutio = await stage.present('mercutio');
    juliet.sends(publish('p', 'Introduction'));
    await juliet.receives(told('Introduction'));
    await juliet.receives(`<iq type='result' id='p'><pubsub xmlns='${PUBSUB}'><publish node='${TUNE}'/></pubsub></iq>`);
    await romeo.receives(told('Introduction'));
    await chamber.receives(told('Introduction'));
    await mercutio.doesNotReceive('<message/>');
  });

  it('tells nothing to who did not ask for it, or has said something false of itself', async () => {
    await appears(romeo, await client(['urn:other+notify', TUNE]));
    const { info } = await client();
    const { c } = await client(['urn:another']);
    const orchard = await stage.signIn('romeo', 'liar');
    await appears(orchard, { c, info });
    juliet.sends(publish('p', 'Introduction'));
    await juliet.receives(`<iq type='result' id='p'/>`);
    await romeo.doesNotReceive('<message/>');
    await orchard.doesNotReceive('<message/>');
  });

  it('sends the last item to who comes online, once (§4.3.4)', async () => {
    juliet.sends(publish('1', 'Allegro') + publish('2', 'Vivace'));
    await juliet.receives(`<iq type='result' id='2'/>`);
    const software = await client();
    const window = await stage.signIn('romeo', 'window');
    window.sends(`<presence>${software.c}</presence>`);
    const asked = await window.receives(`<iq type='get' from='romeo@localhost'><query xmlns='${DISCO_INFO}'/></iq>`);
    window.sends(
      `<iq type='result' id='${asked.attribute('id')}' to='romeo@localhost'><query xmlns='${DISCO_INFO}'>${software.info}</query></iq>`,
    );
    const last = await window.receives(told('Vivace'));
    expect(last.attribute('to')).toBe('romeo@localhost/window');
    expect(last.child('delay', 'urn:xmpp:delay')).toBeDefined();
    window.sends(`<presence><show>away</show>${software.c}</presence>`);
    await window.doesNotReceive('<message/>');
  });

  it('lets contacts look, and nobody else (§4.1)', async () => {
    juliet.sends(publish('p', 'Introduction'));
    await juliet.receives(`<iq type='result' id='p'/>`);
    romeo.sends(pubsub('i', 'get', `<items node='${TUNE}'/>`, 'juliet@localhost'));
    await romeo.receives(
      `<iq type='result' id='i' from='juliet@localhost'><pubsub xmlns='${PUBSUB}'><items node='${TUNE}'><item>${tune('Introduction')}</item></items></pubsub></iq>`,
    );
    const mercutio = await stage.present('mercutio');
    mercutio.sends(pubsub('i', 'get', `<items node='${TUNE}'/>`, 'juliet@localhost'));
    await mercutio.receives(
      `<iq type='error' id='i'><error type='auth'><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><presence-subscription-required xmlns='${PUBSUB}#errors'/></error></iq>`,
    );
    romeo.sends(publish('x', 'Forged').replace("id='x'", "id='x' to='juliet@localhost'"));
    await romeo.receives(
      `<iq type='error' id='x'><error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
    );
    mercutio.sends(pubsub('c', 'set', `<create node='mine'/>`, 'juliet@localhost'));
    await mercutio.receives(`<iq type='error' id='c'/>`);
    romeo.sends(
      `<iq type='get' id='d' to='juliet@localhost'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>`,
    );
    await romeo.receives(
      `<iq type='result' id='d'><query xmlns='http://jabber.org/protocol/disco#items'><item jid='juliet@localhost' node='${TUNE}'/></query></iq>`,
    );
    romeo.sends(`<iq type='get' id='n' to='juliet@localhost'><query xmlns='${DISCO_INFO}' node='${TUNE}'/></iq>`);
    await romeo.receives(
      `<iq type='result' id='n'><query xmlns='${DISCO_INFO}' node='${TUNE}'><identity category='pubsub' type='leaf'/></query></iq>`,
    );
  });

  it('follows roster groups, as they are now', async () => {
    await appears(romeo, await client());
    const options = `<publish-options>${form('publish-options', { access_model: 'roster', roster_groups_allowed: 'Friends' })}</publish-options>`;
    juliet.sends(publish('1', 'Secret', options));
    await juliet.receives(`<iq type='result' id='1'/>`);
    await romeo.doesNotReceive('<message/>');
    juliet.sends(rosterSet('g', `<item jid='romeo@localhost'><group>Friends</group></item>`));
    await juliet.receives(`<iq type='result' id='g'/>`);
    juliet.sends(publish('2', 'Shared', options));
    await romeo.receives(told('Shared'));
    // Other options are not met by the node that is there.
    juliet.sends(
      publish('3', 'Open', `<publish-options>${form('publish-options', { access_model: 'open' })}</publish-options>`),
    );
    await juliet.receives(
      `<iq type='error' id='3'><error type='cancel'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><precondition-not-met xmlns='${PUBSUB}#errors'/></error></iq>`,
    );
  });

  it('takes subscriptions to open nodes, and asks the owner where that is wanted', async () => {
    const mercutio = await stage.present('mercutio');
    const create = (node: string, model: string) =>
      pubsub(
        node,
        'set',
        `<create node='${node}'/><configure>${form('node_config', { access_model: model })}</configure>`,
      );
    const subscribe = (node: string) =>
      pubsub(`s-${node}`, 'set', `<subscribe node='${node}' jid='mercutio@localhost'/>`, 'juliet@localhost');
    juliet.sends(create('open', 'open') + create('ask', 'authorize'));
    await juliet.receives(`<iq type='result' id='ask'/>`);
    mercutio.sends(subscribe('open'));
    await mercutio.receives(
      `<iq type='result' id='s-open'><pubsub xmlns='${PUBSUB}'><subscription subscription='subscribed'/></pubsub></iq>`,
    );
    juliet.sends(pubsub('p', 'set', `<publish node='open'><item id='1'>${tune('A')}</item></publish>`));
    await mercutio.receives(
      `<message from='juliet@localhost' to='mercutio@localhost' type='headline'><event xmlns='${PUBSUB}#event'/></message>`,
    );
    mercutio.sends(subscribe('ask'));
    await mercutio.receives(
      `<iq type='result' id='s-ask'><pubsub xmlns='${PUBSUB}'><subscription subscription='pending'/></pubsub></iq>`,
    );
    await juliet.receives(`<message from='juliet@localhost'><x xmlns='jabber:x:data' type='form'/></message>`);
    juliet.sends(
      `<message to='juliet@localhost'>${form('subscribe_authorization', { node: 'ask', subscriber_jid: 'mercutio@localhost', allow: '1' })}</message>`,
    );
    await mercutio.receives(
      `<message from='juliet@localhost'><event xmlns='${PUBSUB}#event'><subscription node='ask' subscription='subscribed'/></event></message>`,
    );
  });

  it('keeps from those who are blocked, and takes all along with the account', async () => {
    await appears(romeo, await client());
    juliet.sends(
      `<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='romeo@localhost'/></block></iq>${publish('p', 'Hidden')}`,
    );
    await juliet.receives(`<iq type='result' id='p'/>`);
    await romeo.doesNotReceive(`<message/>`);
    const restarted = async () => {
      await stage.server.stop();
      await stage.start();
      return stage.present('juliet');
    };
    const items = pubsub('i', 'get', `<items node='${TUNE}'/>`);
    await stage.server.accounts.add('jul_et', 'x');
    await stage.server.accounts.remove('jul_et');
    juliet = await restarted();
    juliet.sends(items);
    await juliet.receives(`<iq type='result' id='i'/>`);
    await stage.server.accounts.remove('juliet');
    await stage.server.accounts.add('juliet', 'juliet');
    const again = await restarted();
    again.sends(items);
    await again.receives(
      `<iq type='error' id='i'><error><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
    );
  });
});
