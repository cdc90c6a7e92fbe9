import { xml } from '@thingward/xml';
import { Jid, NS, presence, StanzaError, type XmppPeer } from '@thingward/xmpp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServiceDefinition, ServiceSettings } from '../src/index.ts';
import { Stage } from './conversation.ts';

let stage: Stage;
let nurse: XmppPeer;
let settings: ServiceSettings;
let stopped = false;
beforeAll(async () => {
  const service = {
    name: 'nurse',
    title: 'The nurse',
    migrations: {},
    create: (...[peer, , , given]: Parameters<ServiceDefinition['create']>) => {
      nurse = peer;
      settings = given;
      peer.onIq('get', { name: 'q', namespace: 'urn:q' }, ({ from }) => xml('q', { xmlns: 'urn:q', from: `${from}` }));
      peer.onIq('set', { name: 'q', namespace: 'urn:q' }, () => {
        throw new StanzaError('forbidden', 'not for you');
      });
      return {
        start: async () => {},
        stop: async () => {
          stopped = true;
        },
      };
    },
  };
  stage = await Stage.open({ auth: { admins: ['juliet@localhost'] } }, { services: [service] });
});
afterAll(async () => {
  await stage?.close();
  expect(stopped).toBe(true);
});

const romeoPresence = { to: Jid.parse('romeo@localhost/o'), from: Jid.parse('nurse.localhost') };

describe('a service in process', () => {
  it('can ask who administrates the server', async () => {
    const ask = (address: string) => settings.isAdministrator?.(Jid.parse(address));
    expect([await ask('juliet@localhost'), await ask('romeo@localhost')]).toEqual([true, false]);
  });

  it('is found, answers at its domain, and its errors go on the wire', async () => {
    const romeo = await stage.signIn('romeo', 'iq');
    romeo.sends(`<iq type='get' id='1' to='localhost'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>`);
    await romeo.receives(
      `<iq id='1'><query xmlns='http://jabber.org/protocol/disco#items'><item jid='nurse.localhost' name='The nurse'/></query></iq>`,
    );
    romeo.sends(`<iq type='get' id='2' to='nurse.localhost'><q xmlns='urn:q'/></iq>`);
    await romeo.receives(
      `<iq type='result' id='2' from='nurse.localhost'><q xmlns='urn:q' from='romeo@localhost/iq'/></iq>`,
    );
    romeo.sends(`<iq type='set' id='3' to='nurse.localhost'><q xmlns='urn:q'/></iq>`);
    await romeo.receives(
      `<iq type='error' id='3'><error type='auth'><forbidden xmlns='${NS.stanzaErrors}'/></error></iq>`,
    );
  });

  it('asks a client and takes its answer, but not that of another', async () => {
    const [romeo, juliet] = [await stage.signIn('romeo', 'asked'), await stage.signIn('juliet', 'forger')];
    const answer = nurse.request('get', Jid.parse('romeo@localhost/asked'), xml('q', { xmlns: 'urn:q' }));
    const id = (await romeo.receives(`<iq type='get' from='nurse.localhost'/>`)).attribute('id');
    juliet.sends(`<iq type='result' id='${id}' to='nurse.localhost'><q xmlns='urn:q'>forged</q></iq>`);
    await juliet.doesNotReceive('<iq/>');
    romeo.sends(`<iq type='result' id='${id}' to='nurse.localhost'><q xmlns='urn:q'>true</q></iq>`);
    expect((await answer)?.text).toBe('true');
  });

  it('subscribes like any contact, and cannot get round the account by naming a resource', async () => {
    const romeo = await stage.present('romeo', 'o');
    nurse.send(presence('subscribed', romeoPresence));
    nurse.send(presence('probe', romeoPresence));
    await romeo.doesNotReceive('<presence/>');
    nurse.send(presence('subscribe', romeoPresence));
    await romeo.receives(`<presence type='subscribe' from='nurse.localhost' to='romeo@localhost'/>`);
    const seen = new Promise<string>((resolve) => {
      nurse.onPresence(({ from, type }) => {
        if (type === undefined) resolve(from.toString());
      });
    });
    romeo.sends(`<presence type='subscribed' to='nurse.localhost'/>`);
    expect(await seen).toBe('romeo@localhost/o');
    expect(await romeo.roster()).toEqual(['nurse.localhost from']);
  });
});
