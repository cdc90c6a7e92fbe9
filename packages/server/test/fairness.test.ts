import { afterEach, describe, expect, it } from 'vitest';
import { type Actor, Stage } from './conversation.ts';

const ping = (id: string | number) => `<iq type='get' id='${id}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`;
let stage: Stage;
afterEach(() => stage?.close());

/** @returns how many answers the flooder has got when a ping of the other is answered that was sent after the flood had begun */
async function answeredMeanwhile(count: () => number, other: Actor): Promise<number> {
  for (let tries = 0; count() === 0; tries++) {
    if (tries > 2000) throw new Error('the flood has not begun');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  other.sends(ping('other'));
  await other.receives(`<iq type='result' id='other'/>`);
  return count();
}

describe('one client that floods does not keep others waiting', () => {
  it.each([
    ['pings', 3000, ping],
    [
      'questions to the database',
      500,
      (id: number) =>
        `<iq type='set' id='${id}'><query xmlns='urn:xmpp:mam:2'><set xmlns='http://jabber.org/protocol/rsm'><max>1</max></set></query></iq>`,
    ],
    [
      'questions with long answers',
      2000,
      (id: number) =>
        `<iq type='get' id='${id}' to='localhost'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>`,
    ],
  ])('with %s', async (_, flood, stanza) => {
    stage = await Stage.open({ limits: { maxBytesPerSecond: 64 * 2 ** 20 } });
    const [flooder, other] = [await stage.signIn('romeo'), await stage.signIn('juliet')];
    let seen = 0;
    flooder.onData(() => seen++);
    flooder.sends(Array.from({ length: flood }, (_, i) => stanza(i)).join(''));
    const bytesThen = await answeredMeanwhile(() => seen, other);
    await flooder.receives(`<iq id='${flood - 1}'/>`);
    // What came for the flooder after the other was answered is what was not done first.
    expect(seen).toBeGreaterThan(bytesThen);
  });
});
