import {
  allOf,
  answerQuestion,
  decideAccess,
  dismissQuestion,
  editRule,
  listQuestions,
  listRules,
  withdrawRule,
} from '@thingward/things';
import { parseElement } from '@thingward/xml';
import { Jid } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HOST, ProvisioningStage, SERVICE } from '../../test/provisioning-stage.ts';

const NF = 'urn:nf:iot:prov:o:1.0';
let stage: ProvisioningStage;
beforeEach(async () => {
  stage = await ProvisioningStage.open();
});
afterEach(() => stage.close());

const questions = () => listQuestions(stage.owner, SERVICE).then(({ items }) => items);
const rules = () => listRules(stage.owner, SERVICE).then(({ items }) => items);
const answer = { scope: 'requester', isAllowed: true } as const;
const meter = { jid: HOST.bare, node: { nodeId: 'meter' }, kind: 'read' } as const;
const reader = { scope: 'requester', subject: 'reader@localhost' } as const;

describe('an owner', () => {
  test('sees who has asked what, how often, and what there is', async () => {
    await stage.read();
    stage.now += 60_000;
    await stage.read(stage.network.peer('reader@localhost/b'));
    stage.host.offer({ node: { nodeId: 'meter' } }, []);
    expect(await questions()).toEqual([
      expect.objectContaining({
        id: 1,
        jid: HOST.bare,
        node: { nodeId: 'meter' },
        kind: 'read',
        requester: Jid.parse('reader@localhost'),
        asked: 1,
        first: new Date('2026-06-01T00:00:00Z'),
      }),
    ]);
    const ask = (names: string) =>
      stage.thing.request(
        'get',
        SERVICE,
        parseElement(
          `<canRead xmlns='urn:xmpp:iot:provisioning' jid='reader@localhost' momentary='true'><node nodeId='meter'/>${names}</canRead>`,
        ),
      );
    await ask("<field name='Energy'/>");
    await ask("<field name='Power'/>");
    expect(await questions()).toMatchObject([
      {
        asked: 3,
        last: new Date('2026-06-01T00:01:00Z'),
        types: ['momentary'],
        items: [
          { name: 'Energy', isWanted: true, types: ['momentary'] },
          { name: 'Power', isWanted: true, types: ['momentary'] },
        ],
      },
    ]);
  });

  test('answers, edits and withdraws', async () => {
    await stage.read();
    const until = new Date('2026-06-08T00:00:00Z');
    const rule = await answerQuestion(stage.owner, SERVICE, { ...answer, question: 1, names: ['Power'], until });
    expect(rule).toMatchObject({ ...meter, ...reader, isAllowed: true, names: ['Power'], until });
    expect(await questions()).toEqual([]);
    expect(await rules()).toEqual([rule]);
    await expect.poll(() => stage.read()).toBe('Power');
    const edited = await editRule(stage.owner, SERVICE, { rule: rule.id, isAllowed: true, types: ['status'] });
    expect(edited).toMatchObject({ names: undefined, types: ['status'], until: undefined });
    await expect.poll(() => stage.read()).toBe('Energy');
    await withdrawRule(stage.owner, SERVICE, rule.id);
    expect(await rules()).toEqual([]);
    await expect.poll(() => stage.read()).toBe('forbidden');
  });

  test('decides before anybody has asked', async () => {
    await stage.read();
    await decideAccess(stage.owner, SERVICE, { ...meter, ...reader, isAllowed: true });
    expect(await questions()).toEqual([]);
    await expect.poll(() => stage.read()).toBe('Energy Power');
    const thief = stage.network.peer('thief@localhost/a');
    const own = decideAccess(thief, SERVICE, { ...meter, scope: 'anyone', subject: '', isAllowed: true });
    await expect(own).rejects.toThrow('not yours');
  });

  test('gets its lists in parts', async () => {
    for (let i = 0; i < 45; i++) {
      await decideAccess(stage.owner, SERVICE, {
        ...meter,
        scope: 'requester',
        subject: `r${i}@localhost`,
        isAllowed: false,
      });
    }
    const first = await listRules(stage.owner, SERVICE);
    expect([first.items.length, first.more]).toEqual([20, true]);
    const all = await allOf((part) => listRules(stage.owner, SERVICE, part));
    expect(new Set(all.map(({ subject }) => subject)).size).toBe(45);
  });

  test.each([
    [{ question: 9 }, 'item-not-found'],
    [{ until: new Date('2026-05-01T00:00:00Z') }, 'bad-request'],
    [{ names: Array.from({ length: 101 }, (_, i) => `n${i}`) }, 'bad-request'],
    [{ scope: 'device' }, 'bad-request'],
  ] as const)('that answers %o is told %s, and the question stays', async (part, condition) => {
    await stage.read();
    const refused = answerQuestion(stage.owner, SERVICE, { question: 1, ...answer, ...part } as never);
    await expect(refused).rejects.toEqual(expect.objectContaining({ condition }));
    expect(await questions()).toHaveLength(1);
  });

  test('has as many rules as may be', async () => {
    await stage.close();
    stage = await ProvisioningStage.open({ maxQuestions: 1 });
    await decideAccess(stage.owner, SERVICE, { ...meter, ...reader, isAllowed: true });
    await decideAccess(stage.owner, SERVICE, { ...meter, ...reader, isAllowed: false });
    const more = decideAccess(stage.owner, SERVICE, { ...meter, scope: 'anyone', subject: '', isAllowed: true });
    await expect(more).rejects.toThrow('no room');
  });
});

test('nobody sees or changes what is another’s', async () => {
  await stage.read();
  const thief = stage.network.peer('thief@localhost/a');
  expect((await listQuestions(thief, SERVICE)).items).toEqual([]);
  await expect(answerQuestion(thief, SERVICE, { ...answer, question: 1 })).rejects.toThrow('no such question');
  await expect(dismissQuestion(thief, SERVICE, 1)).rejects.toThrow('no such question');
  const rule = await answerQuestion(stage.owner, SERVICE, { ...answer, question: 1 });
  await expect(editRule(thief, SERVICE, { rule: rule.id, isAllowed: false })).rejects.toThrow('no such rule');
  await expect(withdrawRule(thief, SERVICE, rule.id)).rejects.toThrow('no such rule');
  expect(await rules()).toEqual([rule]);
});

test('a request that is malformed is told what is wrong with it', async () => {
  const request = stage.owner.request(
    'set',
    SERVICE,
    parseElement("<answer xmlns='urn:thingward:provisioning:1' question='x'/>"),
  );
  await expect(request).rejects.toThrow('answer/@question');
});

describe('an owner with a client of the Neuro-Foundation', () => {
  const rule = (name: string, content: string) =>
    stage.owner.request(
      'set',
      SERVICE,
      parseElement(
        `<${name} xmlns='${NF}' jid='plant@localhost' remoteJid='reader@localhost' key='1' result='true'>${content}</${name}>`,
      ),
    );

  test('answers with the key of the question', async () => {
    await stage.read();
    await rule('canReadRule', "<nd id='meter'/><partial m='true'/><fromDomain/>");
    expect(await rules()).toMatchObject([{ scope: 'domain', subject: 'localhost', types: ['momentary'] }]);
    await expect.poll(() => stage.read()).toBe('Power');
    await expect(rule('canReadRule', '')).rejects.toThrow('no such question');
  });

  test('takes all rules of a Thing back, and has its answers cleared', async () => {
    await decideAccess(stage.owner, SERVICE, { ...meter, ...reader, isAllowed: true });
    await expect.poll(() => stage.read()).toBe('Energy Power');
    await stage.owner.request(
      'set',
      SERVICE,
      parseElement(`<deleteRules xmlns='${NF}' jid='plant@localhost' id='other'/>`),
    );
    expect(await rules()).toHaveLength(1);
    await stage.owner.request('set', SERVICE, parseElement(`<deleteRules xmlns='${NF}' jid='plant@localhost'/>`));
    expect(await rules()).toEqual([]);
    const clear = parseElement(`<clearCache xmlns='${NF}' jid='plant@localhost'/>`);
    await stage.owner.request('set', SERVICE, clear);
    await expect(stage.reader.request('set', SERVICE, clear)).rejects.toThrow('not yours');
  });
});

describe('friends', () => {
  const isFriend = async () => {
    const answered = await stage.thing.request(
      'get',
      SERVICE,
      parseElement("<isFriend xmlns='urn:xmpp:iot:provisioning' jid='reader@localhost/x'/>"),
    );
    return answered?.attribute('result');
  };
  const advice = () =>
    stage.network.sent.filter((text) => /<(un)?friend /.test(text)).map((text) => /<((?:un)?friend) /.exec(text)?.[1]);

  test('are recommended when the owner allows them, and left when it does not any more', async () => {
    expect(await isFriend()).toBe('false');
    const [question] = await questions();
    const rule = await answerQuestion(stage.owner, SERVICE, { ...answer, question: question?.id ?? 0 });
    expect(await isFriend()).toBe('true');
    await expect.poll(advice).toEqual(['friend']);
    await withdrawRule(stage.owner, SERVICE, rule.id);
    await expect.poll(advice).toEqual(['friend', 'unfriend']);
    expect(await isFriend()).toBe('false');
  });
});
