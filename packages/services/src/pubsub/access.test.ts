import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { form, PubSubStage, refusal } from '../../test/pubsub-stage.ts';

const OWNER = 'hamlet@denmark.lit';
const PEOPLE = ['francisco', 'bernardo', 'horatio'].map((name) => `${name}@denmark.lit`);
const MODELS = ['open', 'presence', 'roster', 'authorize', 'whitelist'] as const;
const AFFILIATIONS = ['none', 'member', 'publisher', 'publish-only', 'outcast'] as const;

const person = fc.constantFrom(...PEOPLE);
const command = fc.oneof(
  fc.record({ kind: fc.constant('model' as const), model: fc.constantFrom(...MODELS) }),
  fc.record({ kind: fc.constant('affiliate' as const), person, affiliation: fc.constantFrom(...AFFILIATIONS) }),
  fc.record({ kind: fc.constant('subscribe' as const), person, resource: fc.constantFrom('', '/r') }),
  fc.record({ kind: fc.constant('unsubscribe' as const), person, resource: fc.constantFrom('', '/r') }),
  fc.record({ kind: fc.constant('set' as const), person, state: fc.constantFrom('none', 'subscribed') }),
  fc.record({ kind: fc.constant('contact' as const), person, seesPresence: fc.boolean(), isFriend: fc.boolean() }),
  fc.record({ kind: fc.constant('publish' as const) }),
  fc.record({ kind: fc.constant('restart' as const) }),
);

/** Who may see the items, as tables 1 and 5 of the specification say; nothing here comes from the code under test. */
class Oracle {
  model: (typeof MODELS)[number] = 'open';
  readonly affiliations = new Map<string, (typeof AFFILIATIONS)[number]>();
  readonly contacts = new Map<string, { seesPresence: boolean; isFriend: boolean }>();

  maySee(jid: string, isApproved: boolean): boolean {
    if (jid === OWNER) return true;
    const affiliation = this.affiliations.get(jid) ?? 'none';
    if (affiliation === 'outcast' || affiliation === 'publish-only') return false;
    if (affiliation !== 'none') return true;
    const { seesPresence = false, isFriend = false } = this.contacts.get(jid) ?? {};
    switch (this.model) {
      case 'open':
        return true;
      case 'presence':
        return seesPresence;
      case 'roster':
        return seesPresence && isFriend;
      case 'authorize':
        return isApproved;
      case 'whitelist':
        return false;
    }
  }
}

describe('payloads', () => {
  it('reach nobody who may not see them, whatever happened before', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 3, maxLength: 25 }), async (commands) => {
        const oracle = new Oracle();
        const contact = (_owner: unknown, jid: { toString(): string }) => {
          const { seesPresence = false, isFriend = false } = oracle.contacts.get(`${jid}`) ?? {};
          return { isSubscribedToPresence: seesPresence, rosterGroups: isFriend ? ['friends'] : ['others'] };
        };
        const stage = await PubSubStage.open({ contact });
        const hamlet = stage.actor(`${OWNER}/elsinore`);
        const actorOf = (jid: string) => stage.actor(`${jid}/r`);
        await hamlet.sets(
          `<create node='n'/><configure>${form('node_config', { 'pubsub#roster_groups_allowed': 'friends' })}</configure>`,
        );
        let secrets = 0;

        const isApproved = async (jid: string) =>
          (await hamlet.getsAsOwner(`<subscriptions node='n'/>`)).includes(`jid='${jid}`);

        const run = async (step: (typeof commands)[number]): Promise<void> => {
          switch (step.kind) {
            case 'model':
              await hamlet.setsAsOwner(
                `<configure node='n'>${form('node_config', { 'pubsub#access_model': step.model })}</configure>`,
              );
              oracle.model = step.model;
              return;
            case 'affiliate':
              await hamlet.setsAsOwner(
                `<affiliations node='n'><affiliation jid='${step.person}' affiliation='${step.affiliation}'/></affiliations>`,
              );
              oracle.affiliations.set(step.person, step.affiliation);
              return;
            case 'subscribe':
            case 'unsubscribe':
              await refusal(actorOf(step.person).sets(`<${step.kind} node='n' jid='${step.person}${step.resource}'/>`));
              return;
            case 'set':
              await refusal(
                hamlet.setsAsOwner(
                  `<subscriptions node='n'><subscription jid='${step.person}' subscription='${step.state}'/></subscriptions>`,
                ),
              );
              return;
            case 'contact':
              oracle.contacts.set(step.person, step);
              return;
            case 'publish':
              secrets++;
              await hamlet.sets(`<publish node='n'><item><secret xmlns='urn:s'>${secrets}</secret></item></publish>`);
              return;
            case 'restart':
              await stage.start({ contact });
          }
        };

        for (const step of commands) {
          const before = new Map<string, boolean>();
          for (const jid of PEOPLE) before.set(jid, await isApproved(jid));
          await run(step);
          for (const jid of PEOPLE) {
            const approved = await isApproved(jid);
            const allowed = oracle.maySee(jid, approved || (before.get(jid) ?? false));
            const told = [...(await stage.sentTo(jid)), ...(await stage.sentTo(`${jid}/r`))].map(String);
            if (!allowed) expect(told.filter((text) => text.includes('<secret'))).toEqual([]);
            const answer = await refusal(actorOf(jid).gets(`<items node='n'/>`));
            expect(answer.startsWith('was answered')).toBe(oracle.maySee(jid, approved));
            const listed = await refusal(
              actorOf(jid).asks('get', `<query xmlns='http://jabber.org/protocol/disco#items' node='n'/>`),
            );
            expect(listed.startsWith('was answered')).toBe(oracle.maySee(jid, approved));
            // Whoever is subscribed, and may see it, does get it.
            if (step.kind === 'publish' && approved && oracle.maySee(jid, approved)) {
              expect(told.some((text) => text.includes(`>${secrets}<`))).toBe(true);
            }
          }
        }
        await stage.close();
      }),
      { numRuns: 25 },
    );
  }, 60_000);
});
