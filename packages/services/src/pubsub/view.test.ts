import { type Element, xml } from '@thingward/xml';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type PubSubActor, PubSubStage } from '../../test/pubsub-stage.ts';
import type { PublicationView } from './environment.ts';

const NAMES = ['francisco', 'bernardo', 'horatio'] as const;
const FIELDS = (more = '') => `<fields xmlns='urn:example:fields'><level/>${more}</fields>`;
const WHOLE = FIELDS('<recipe/>');

let stage: PubSubStage;
let hamlet: PubSubActor;
let asked: string[];
beforeEach(async () => {
  asked = [];
  const view: PublicationView = {
    hidesSomething: (publisher) => publisher === 'hamlet@denmark.lit',
    shown: (payload, publisher, jid) => {
      asked.push(`${publisher} ${jid.bare}`);
      return jid.local === 'horatio' || jid.local === 'hamlet' ? payload : withoutRecipe(payload);
    },
  };
  stage = await PubSubStage.open({ view });
  hamlet = stage.actor('hamlet@denmark.lit/blogbot');
});
afterEach(() => stage.close());

function withoutRecipe(payload: Element): Element {
  return xml(
    payload.name,
    { xmlns: payload.namespace },
    payload.elements.filter(({ name }) => name !== 'recipe'),
  );
}

async function opens(options = ''): Promise<void> {
  await hamlet.sets(`<create node='n'/>${options}`);
  for (const name of NAMES) {
    await stage.actor(`${name}@denmark.lit/x`).sets(`<subscribe node='n' jid='${name}@denmark.lit'/>`);
  }
}
const publish = (who = hamlet) => who.sets(`<publish node='n'><item id='1'>${WHOLE}</item></publish>`);
const texts = async (name: string) => (await stage.sentTo(`${name}@denmark.lit`)).map(String);

describe('what some may not see', () => {
  it('is taken out of notifications, for each recipient', async () => {
    await opens();
    await publish();
    for (const name of ['francisco', 'bernardo']) {
      const [text, ...others] = await texts(name);
      expect(others).toEqual([]);
      expect(text).toContain('<level/>');
      expect(text).not.toContain('recipe');
    }
    expect(await texts('horatio')).toEqual([expect.stringContaining('<recipe/>')]);
  });

  it('is taken out of items that are asked for, all or by id, and of the last item', async () => {
    await opens();
    await publish();
    const francisco = stage.actor('francisco@denmark.lit/x');
    for (const request of [
      `<items node='n'/>`,
      `<items node='n'><item id='1'/></items>`,
      `<items node='n' max_items='1'/>`,
    ]) {
      const shown = await francisco.gets(request);
      expect(shown).toContain('<level/>');
      expect(shown).not.toContain('recipe');
      expect(await hamlet.gets(request)).toContain('<recipe/>');
    }
    await stage.actor('polonius@denmark.lit/x').sets(`<subscribe node='n' jid='polonius@denmark.lit'/>`);
    const [last] = await texts('polonius');
    expect(last).toContain('<level/>');
    expect(last).not.toContain('recipe');
  });

  it('nobody is asked about publishers of whom nothing is hidden', async () => {
    await opens();
    await hamlet.setsAsOwner(
      `<affiliations node='n'><affiliation jid='horatio@denmark.lit' affiliation='publisher'/></affiliations>`,
    );
    await publish(stage.actor('horatio@denmark.lit/x'));
    expect(await texts('francisco')).toEqual([expect.stringContaining('<recipe/>')]);
    expect(asked).toEqual([]);
  });
});
