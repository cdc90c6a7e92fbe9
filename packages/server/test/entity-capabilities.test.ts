import { createHash } from 'node:crypto';
import { parseElement } from '@thingward/xml';
import {
  CAPABILITY_HASHES,
  CAPS,
  capabilityHashInput,
  capabilityHashNode,
  capsNode,
  capsVer,
  DISCO_INFO,
  encodeCapabilityHashes,
  findCapabilityHashes,
  findCaps,
  NS,
} from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Actor, befriend, Stage } from './conversation.ts';

const TUNE = 'http://jabber.org/protocol/tune';
const PUBSUB = 'http://jabber.org/protocol/pubsub';

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.open();
});
afterEach(() => stage.close());

const base64 = (algorithm: string, input: Uint8Array) => createHash(algorithm).update(input).digest('base64');

describe('the server tells its capabilities', () => {
  /** @returns the features of the stream after authentication, bound */
  const features = async () => {
    const romeo = await stage.connectTls();
    expect((await romeo.opens()).child('c', CAPABILITY_HASHES)).toBeUndefined();
    romeo.sends(`<auth xmlns='${NS.sasl}' mechanism='PLAIN'>${btoa('\0romeo\0romeo')}</auth>`);
    await romeo.receives(`<success xmlns='${NS.sasl}'/>`);
    romeo.restarts();
    const told = await romeo.opens();
    romeo.sends(`<iq type='set' id='bind'><bind xmlns='${NS.bind}'/></iq>`);
    await romeo.receives(`<iq type='result' id='bind'/>`);
    return { romeo, told };
  };
  const info = async (actor: Actor, node: string) => {
    actor.sends(`<iq type='get' id='d' to='localhost'><query xmlns='${DISCO_INFO}' node='${node}'/></iq>`);
    return actor.receives(`<iq id='d' from='localhost'/>`);
  };

  it('in stream features, by XEP-0390 §5.2, and answers for each hash with what has it', async () => {
    const { romeo, told } = await features();
    const hashes = findCapabilityHashes(told);
    expect(hashes.map(({ algorithm }) => algorithm)).toEqual(['sha-256', 'sha3-256']);
    for (const hash of hashes) {
      const answer = await info(romeo, capabilityHashNode(hash));
      const query = answer.child('query', DISCO_INFO);
      const input = query && capabilityHashInput(query);
      expect(input && base64(hash.algorithm.replace('sha-256', 'sha256'), input)).toBe(hash.value);
    }
  });

  it('in stream features, by XEP-0115 §6.3', async () => {
    const { romeo, told } = await features();
    const caps = findCaps(told);
    if (!caps) throw new Error('no capabilities');
    const query = (await info(romeo, capsNode(caps))).child('query', DISCO_INFO);
    expect(query && (await capsVer(query, caps.hash))).toBe(caps.ver);
    expect(told.child('c', CAPS)?.attribute('hash')).toBe('sha-1');
  });

  it('and for no others', async () => {
    const { romeo } = await features();
    expect((await info(romeo, 'urn:xmpp:caps#sha-256.AAAA')).toString()).toContain('<item-not-found');
  });
});

describe('personal eventing by XEP-0390', () => {
  const query = `<identity category='client' type='pc' name='Globe'/><feature var='${TUNE}+notify'/>`;
  const hashOf = (content: string, lang = '') => {
    const input = capabilityHashInput(parseElement(`<query xmlns='${DISCO_INFO}'>${content}</query>`), lang);
    return { algorithm: 'sha3-256', value: base64('sha3-256', input as Uint8Array) };
  };
  const unknown = { algorithm: 'whirlpool', value: 'AAAA' };
  const published = `<iq type='set' id='p'><pubsub xmlns='${PUBSUB}'><publish node='${TUNE}'><item><tune xmlns='${TUNE}'><title>Air</title></tune></item></publish></pubsub></iq>`;
  const told = `<message from='juliet@localhost' type='headline'><event xmlns='${PUBSUB}#event'/></message>`;

  /** Romeo shows presence with this, and answers what he is asked. @returns the node he was asked for */
  const appears = async (c: string, answer: string, attributes = '') => {
    const [romeo, juliet] = [await stage.present('romeo'), await stage.present('juliet')];
    await befriend(romeo, juliet);
    romeo.sends(`<presence>${c}</presence>`);
    const asked = await romeo.receives(`<iq type='get'><query xmlns='${DISCO_INFO}'/></iq>`);
    const node = asked.child('query', DISCO_INFO)?.attribute('node');
    romeo.sends(
      `<iq type='result' id='${asked.attribute('id')}' to='${asked.attribute('from')}'${attributes}><query xmlns='${DISCO_INFO}' node='${node}'>${answer}</query></iq>`,
    );
    await romeo.doesNotReceive('<iq type="get"/>');
    juliet.sends(published);
    await juliet.receives(`<iq type='result' id='p'/>`);
    return { romeo, node };
  };

  it('a client is asked for a hash that is known, and told of what it wants', async () => {
    const hash = hashOf(query);
    const { romeo, node } = await appears(encodeCapabilityHashes([unknown, hash]).toString(), query);
    expect(node).toBe(capabilityHashNode(hash));
    await romeo.receives(told);
  });

  it('a language said around the answer counts', async () => {
    const c = encodeCapabilityHashes([hashOf(query, 'en')]).toString();
    const { romeo } = await appears(c, query, ` xml:lang='en'`);
    await romeo.receives(told);
  });

  it('an answer that has another hash counts for nothing', async () => {
    const { romeo } = await appears(encodeCapabilityHashes([hashOf(`${query}<feature var='x'/>`)]).toString(), query);
    await romeo.doesNotReceive('<message/>');
  });

  it('who is asked after others have answered nothing speaks for all that wait with it', async () => {
    const [romeo, juliet] = [await stage.present('romeo'), await stage.present('juliet')];
    await befriend(romeo, juliet);
    juliet.sends(published);
    await juliet.receives(`<iq type='result' id='p'/>`);
    const c = encodeCapabilityHashes([hashOf(query)]).toString();
    const clients: Actor[] = [];
    for (const name of ['one', 'two', 'three', 'four']) {
      const client = await stage.signIn('romeo', name);
      client.sends(`<presence>${c}</presence>`);
      await client.receives(`<presence from='romeo@localhost/${name}'/>`);
      clients.push(client);
    }
    const [first, second, ...others] = clients as [Actor, Actor, Actor, Actor];
    const question = `<iq type='get'><query xmlns='${DISCO_INFO}'/></iq>`;
    const refused = (await first.receives(question)).attributes;
    first.sends(
      `<iq type='error' id='${refused.id}' to='${refused.from}'><error type='cancel'><service-unavailable xmlns='${NS.stanzaErrors}'/></error></iq>`,
    );
    const asked = (await second.receives(question)).attributes;
    second.sends(
      `<iq type='result' id='${asked.id}' to='${asked.from}'><query xmlns='${DISCO_INFO}'>${query}</query></iq>`,
    );
    for (const client of [second, ...others]) await client.receives(told);
  });

  it('without a hash that is known, XEP-0115 counts', async () => {
    const ver = await capsVer(parseElement(`<query xmlns='${DISCO_INFO}'>${query}</query>`), 'sha-1');
    const c = `<c xmlns='${CAPS}' hash='sha-1' node='urn:globe' ver='${ver}'/>${encodeCapabilityHashes([unknown])}`;
    const { romeo, node } = await appears(c, query);
    expect(node).toBe(`urn:globe#${ver}`);
    await romeo.receives(told);
  });
});
