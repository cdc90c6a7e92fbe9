import { readFileSync } from 'node:fs';
import { decodeBase64, encodeBase64, NS, SASL2 } from '@thingward/xmpp';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openServerDatabase } from '../src/index.ts';
import { authenticate, entersTls, plain } from './authentication.ts';
import { Stage } from './conversation.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({ limits: { maxAuthFailures: 100 } });
});
afterAll(() => stage.close());
afterEach(() => vi.restoreAllMocks());

const utf8 = (text: string) => new TextEncoder().encode(text);

/** What a server tells in its first message of SCRAM, but for the nonce. */
async function challenged(name: string, hash: 'SHA-1' | 'SHA-256' = 'SHA-256') {
  const [actor] = await entersTls(stage);
  actor.sends(authenticate(`SCRAM-${hash}`, utf8(`n,,n=${name},r=abc`)));
  const { text } = await actor.receives(`<challenge xmlns='${SASL2}'/>`);
  actor.leaves();
  const first = new TextDecoder().decode(decodeBase64(text));
  const [, salt = '', iterations = ''] = /^r=abc[^,]+,s=([^,]+),i=(\d+),h=[^,]+$/.exec(first) ?? [];
  return { salt, iterations };
}

describe('whether there is an account of a name', () => {
  it.each(['SHA-1', 'SHA-256'] as const)('can not be told from the salt of SCRAM-%s', async (hash) => {
    const [known, unknown] = [await challenged('romeo', hash), await challenged('rosaline', hash)];
    expect(unknown.iterations).toBe(known.iterations);
    expect(decodeBase64(unknown.salt)?.length).toBe(decodeBase64(known.salt)?.length);
    expect(await challenged('romeo', hash)).toEqual(known);
    expect(await challenged('rosaline', hash)).toEqual(unknown);
    expect((await challenged('rosalind', hash)).salt).not.toBe(unknown.salt);
    // Names are normalised in the same way, whether they exist or not.
    expect(await challenged('ROMEO', hash)).toEqual(known);
    expect(await challenged('ROSALINE', hash)).toEqual(unknown);
  });

  it('is told by no two hashes with the same salt, and by no restart', async () => {
    const before = await challenged('rosaline');
    expect((await challenged('rosaline', 'SHA-1')).salt).not.toBe(before.salt);
    expect((await challenged('romeo', 'SHA-1')).salt).not.toBe((await challenged('romeo')).salt);
    await stage.server.stop();
    await stage.start();
    expect(await challenged('rosaline')).toEqual(before);
  });

  it('can not be told from the answer, nor from the work it takes', async () => {
    const derive = vi.spyOn(crypto.subtle, 'deriveBits');
    const answers: string[] = [];
    const work: number[] = [];
    for (const name of ['romeo', 'rosaline', 'no@name', 'x'.repeat(2000)]) {
      const [actor] = await entersTls(stage);
      derive.mockClear();
      actor.sends(plain(name, '', 'wrong'));
      answers.push((await actor.next()).toString());
      work.push(derive.mock.calls.length);
      actor.leaves();
    }
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain('not-authorized');
    expect(work).toEqual([1, 1, 1, 1]);
  });

  it('can not be told from how a proof or a token fails', async () => {
    const proof = encodeBase64(new Uint8Array(32));
    const answers: string[] = [];
    for (const name of ['romeo', 'rosaline']) {
      const [actor] = await entersTls(stage);
      actor.sends(authenticate('SCRAM-SHA-256', utf8(`n,,n=${name},r=abc`)));
      const challenge = await actor.receives(`<challenge xmlns='${SASL2}'/>`);
      const nonce = new TextDecoder().decode(decodeBase64(challenge.text)).slice(2).split(',')[0] ?? '';
      const response = encodeBase64(utf8(`c=biws,r=${nonce},p=${proof}`));
      actor.sends(`<response xmlns='${SASL2}'>${response}</response>`);
      answers.push((await actor.next()).toString());
      const token = authenticate(
        'HT-SHA-256-NONE',
        utf8(`${name}\0${'x'.repeat(32)}`),
        `<user-agent id='d4565fa7-4d72-4749-b3d3-740edbf87770'/><fast xmlns='urn:xmpp:fast:0'/>`,
      );
      actor.sends(token);
      answers.push((await actor.next()).toString());
      actor.leaves();
    }
    expect(answers[0]).toBe(answers[2]);
    expect(answers[1]).toBe(answers[3]);
    expect(answers.every((answer) => answer.includes(`<not-authorized xmlns='${NS.sasl}'/>`))).toBe(true);
  });
});

describe('passwords', () => {
  it('are kept as keys of both hashes, and in no other way', async () => {
    const own = await Stage.open();
    const password = 'correct horse battery staple';
    await own.server.accounts.add('paris', password);
    await own.server.accounts.setPassword('paris', `${password} 2`);
    await own.server.stop();
    const database = await openServerDatabase({ storage: 'sqlite', dataDir: own.directory });
    const rows = await database.query.selectFrom('credential').selectAll().where('localpart', '=', 'paris').execute();
    expect(rows.map(({ hash }) => hash).sort()).toEqual(['SHA-1', 'SHA-256']);
    expect(rows.map(({ stored_key }) => decodeBase64(stored_key)?.length).sort()).toEqual([20, 32]);
    expect(new Set(rows.map(({ salt }) => salt)).size).toBe(2);
    await database.close();
    expect(readFileSync(`${own.directory}/thingward.db`).includes(password)).toBe(false);
    await own.start();
    await own.close();
  });
});
