import {
  decodeEntityTime,
  decodeSoftwareVersion,
  ENTITY_TIME,
  LAST_ACTIVITY,
  NS,
  SOFTWARE_VERSION,
} from '@thingward/xmpp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Actor, befriend, Stage } from './conversation.ts';

let stage: Stage;
let romeo: Actor;
beforeAll(async () => {
  stage = await Stage.open();
  romeo = await stage.present('romeo');
});
afterAll(() => stage.close());

const ask = async (name: string, namespace: string, to: string) => {
  romeo.sends(`<iq type='get' id='ask' to='${to}'><${name} xmlns='${namespace}'/></iq>`);
  return romeo.receives(`<iq id='ask'/>`);
};

describe('the server tells', () => {
  it('its version (XEP-0092)', async () => {
    const answer = await ask('query', SOFTWARE_VERSION, 'localhost');
    expect(decodeSoftwareVersion(answer.elements[0] ?? answer)).toMatchObject({
      name: 'Thingward',
      version: expect.stringMatching(/^\d+\.\d+/),
    });
  });

  it('its time (XEP-0202)', async () => {
    const answer = await ask('time', ENTITY_TIME, 'localhost');
    const { utc, offsetMinutes } = decodeEntityTime(answer.elements[0] ?? answer);
    expect(Math.abs(utc.getTime() - Date.now())).toBeLessThan(5000);
    expect(offsetMinutes).toBe(0 - new Date().getTimezoneOffset());
  });

  it('how long it runs (XEP-0012)', async () => {
    const answer = await ask('query', LAST_ACTIVITY, 'localhost');
    expect(Number(answer.elements[0]?.attribute('seconds'))).toBeLessThan(60);
  });
});

describe('of an account', () => {
  it('its friends learn when it left and what it said then (XEP-0012)', async () => {
    expect((await ask('query', LAST_ACTIVITY, 'juliet@localhost')).toString()).toContain('forbidden');
    const juliet = await stage.present('juliet');
    await befriend(romeo, juliet);
    expect((await ask('query', LAST_ACTIVITY, 'juliet@localhost')).elements[0]?.attribute('seconds')).toBe('0');
    juliet.sends(`<presence type='unavailable'><status>Heading Home</status></presence>`);
    await romeo.receives(`<presence type='unavailable' from='juliet@localhost/r'/>`);
    const answer = await ask('query', LAST_ACTIVITY, 'juliet@localhost');
    expect(answer.elements[0]?.text).toBe('Heading Home');
    expect(Number(answer.elements[0]?.attribute('seconds'))).toBeLessThan(5);
  });

  it('nobody else learns anything, nor whether it exists', async () => {
    for (const name of ['mercutio', 'nobody']) {
      const answer = await ask('query', LAST_ACTIVITY, `${name}@localhost`);
      expect(answer.child('error')?.child('forbidden', NS.stanzaErrors)).toBeDefined();
    }
  });
});
