import { NS } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { befriend, push, rosterSet, Stage } from './conversation.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.open();
});
afterEach(() => stage?.close());

describe('rosters (RFC 6121 §2)', () => {
  it('are kept, pushed to all sessions of the account, and survive a restart', async () => {
    const [one, two] = [await stage.signIn('romeo', '1'), await stage.signIn('romeo', '2')];
    expect(await one.roster()).toEqual([]);
    await two.roster();
    one.sends(rosterSet('s', `<item jid='Juliet@localhost' name='J'><group>Capulets</group></item>`));
    await two.receives(
      push(`<item jid='juliet@localhost' name='J' subscription='none'><group>Capulets</group></item>`),
    );
    await one.receives(`<iq type='result' id='s'/>`);
    await stage.server.stop();
    await stage.start();
    expect(await (await stage.signIn('romeo', '3')).roster()).toEqual(['juliet@localhost none']);
  });

  it.each([
    [`<item/>`, 'bad-request'],
    [`<item jid='a b@c'/>`, 'bad-request'],
    [`<item jid='a@b'/><item jid='c@d'/>`, 'bad-request'],
    [`<item jid='a@b'><group/></item>`, 'not-acceptable'],
    [`<item jid='a@b'><group>x</group><group>x</group></item>`, 'bad-request'],
    [`<item jid='romeo@localhost'/>`, 'not-allowed'],
    [`<item jid='a@b' subscription='remove'/>`, 'item-not-found'],
  ])('refuse %s with %s', async (item, condition) => {
    const romeo = await stage.signIn('romeo');
    romeo.sends(rosterSet('s', item));
    await romeo.receives(`<iq type='error' id='s'><error><${condition} xmlns='${NS.stanzaErrors}'/></error></iq>`);
  });

  it('are nobody else’s business', async () => {
    const romeo = await stage.signIn('romeo');
    romeo.sends(`<iq type='get' id='1' to='juliet@localhost'><query xmlns='${NS.roster}'/></iq>`);
    await romeo.receives(`<iq type='error' id='1'><error><forbidden xmlns='${NS.stanzaErrors}'/></error></iq>`);
  });

  it('taking a contact out ends the subscriptions both ways', async () => {
    const [romeo, juliet] = [await stage.present('romeo'), await stage.present('juliet')];
    await befriend(romeo, juliet);
    romeo.sends(rosterSet('rm', `<item jid='juliet@localhost' subscription='remove'/>`));
    await juliet.receives(`<presence type='unsubscribed' from='romeo@localhost'/>`);
    await romeo.receives(`<iq type='result' id='rm'/>`);
    expect(await romeo.roster()).toEqual([]);
    expect(await juliet.roster()).toEqual(['romeo@localhost none']);
  });

  it('are pushed to those alone who asked for the roster', async () => {
    const [one, two] = [await stage.signIn('romeo', '1'), await stage.signIn('romeo', '2')];
    await one.roster();
    one.sends(rosterSet('s', `<item jid='juliet@localhost'/>`));
    await one.receives(push(`<item jid='juliet@localhost'/>`));
    await two.doesNotReceive(`<iq type='set'/>`);
  });

  it('keep a name and a subscription that change at the same time', async () => {
    const [romeo, juliet] = [await stage.present('romeo'), await stage.present('juliet')];
    for (let round = 0; round < 5; round++) {
      romeo.sends(`<presence type='subscribe' to='juliet@localhost'/>`);
      await juliet.receives(`<presence type='subscribe' from='romeo@localhost'/>`);
      juliet.sends(`<presence type='subscribed' to='romeo@localhost'/>`);
      for (let i = 0; i < 10; i++)
        romeo.sends(rosterSet(`s${i}`, `<item jid='juliet@localhost' name='${round} ${i}'/>`));
      await romeo.receives(`<iq type='result' id='s9'/>`);
      romeo.sends(`<iq type='get' id='g'><query xmlns='${NS.roster}'/></iq>`);
      await romeo.receives(
        `<iq id='g'><query xmlns='${NS.roster}'><item name='${round} 9' subscription='to'/></query></iq>`,
      );
      romeo.sends(`<presence type='unsubscribe' to='juliet@localhost'/>`);
      await juliet.receives(`<presence type='unsubscribe' from='romeo@localhost'/>`);
    }
  });
});
