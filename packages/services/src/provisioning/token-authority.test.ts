import {
  answerQuestion,
  decodeGetTokenChallenge,
  encodeGetToken,
  encodeGetTokenChallengeResponse,
  listQuestions,
  requestToken,
  TOKEN_NAMESPACES,
  TokenHolder,
} from '@thingward/things';
import { parseElement } from '@thingward/xml';
import { encodeBase64 } from '@thingward/xmpp';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { HOST, ProvisioningStage, SERVICE } from '../../test/provisioning-stage.ts';
import { type TokenCertificate, tokenCertificate } from '../../test/token-certificate.ts';

let certificate: TokenCertificate;
let other: TokenCertificate;
let expired: TokenCertificate;
beforeAll(async () => {
  certificate = await tokenCertificate();
  other = await tokenCertificate();
  expired = await tokenCertificate({ from: new Date('2020-01-01'), to: new Date('2026-06-02T00:00:00Z') });
});

let stage: ProvisioningStage;
let holder: TokenHolder;
beforeEach(async () => {
  stage = await ProvisioningStage.open();
  holder = new TokenHolder(stage.reader, () => stage.now);
  holder.serve();
});
afterEach(() => stage.close());

const condition = (name: string) => expect.objectContaining({ condition: name });

describe('a token', () => {
  test('is given to who has the key of a certificate: the same for the same one', async () => {
    const token = await requestToken(stage.reader, SERVICE, certificate);
    expect(token).toMatch(/^\S{20,}$/);
    expect(await requestToken(stage.owner, SERVICE, certificate)).toBe(token);
    expect(await requestToken(stage.reader, SERVICE, other)).not.toBe(token);
  });

  test.each(TOKEN_NAMESPACES)('is given, and its certificate shown, in %s', async (namespace) => {
    const token = await requestToken(stage.reader, SERVICE, certificate, { namespace });
    const shown = await stage.owner.request(
      'get',
      SERVICE,
      parseElement(`<getCertificate xmlns='${namespace}'>${token}</getCertificate>`),
    );
    expect(shown?.text).toBe(encodeBase64(certificate.certificate));
  });

  test('is not given for a wrong response, twice for one challenge, to another, or too late', async () => {
    const challenge = async () => {
      const answered = await stage.reader.request('get', SERVICE, encodeGetToken(certificate.certificate));
      const { sequence, bytes } = decodeGetTokenChallenge(answered as never);
      return encodeGetTokenChallengeResponse({ sequence, bytes: await certificate.decrypt(bytes) });
    };
    const wrong = (await challenge()).with({});
    const sequence = Number(wrong.attribute('seqnr'));
    const guess = encodeGetTokenChallengeResponse({ sequence, bytes: new Uint8Array(32) });
    await expect(stage.reader.request('get', SERVICE, guess)).rejects.toEqual(condition('bad-request'));
    await expect(stage.reader.request('get', SERVICE, wrong)).rejects.toEqual(condition('item-not-found'));
    const stolen = await challenge();
    await expect(stage.owner.request('get', SERVICE, stolen)).rejects.toEqual(condition('item-not-found'));
    const late = await challenge();
    stage.now += 60_000;
    await stage.reader.request('get', SERVICE, late);
    const tooLate = await challenge();
    stage.now += 90_000;
    await expect(stage.reader.request('get', SERVICE, tooLate)).rejects.toEqual(condition('item-not-found'));
  });

  test('is not given for what is no certificate, or is not valid', async () => {
    const ask = (der: Uint8Array) => stage.reader.request('get', SERVICE, encodeGetToken(der));
    await expect(ask(new Uint8Array([1, 2]))).rejects.toThrow('X.509');
    stage.now = Date.parse('2026-06-03T00:00:00Z');
    await expect(ask(expired.certificate)).rejects.toThrow('not valid');
  });

  test('is challenged no more often than ten times at once', async () => {
    const ask = () => stage.reader.request('get', SERVICE, encodeGetToken(certificate.certificate));
    for (let i = 0; i < 10; i++) await ask();
    await expect(ask()).rejects.toEqual(condition('resource-constraint'));
    stage.now += 90_000;
    await ask();
  });
});

describe('a rule for a token', () => {
  async function allowDevice(identity: TokenCertificate): Promise<string> {
    const token = await requestToken(stage.reader, SERVICE, identity);
    holder.add(token, identity);
    holder.sending(HOST, { deviceToken: token });
    expect(await stage.read(stage.reader, { deviceToken: token })).toBe('forbidden');
    const { items } = await listQuestions(stage.owner, SERVICE);
    expect(items[0]).toMatchObject({ deviceToken: token });
    await answerQuestion(stage.owner, SERVICE, { question: items[0]?.id ?? 0, scope: 'device', isAllowed: true });
    return token;
  }

  test('counts for who can meet a challenge, which finds its way through the Thing', async () => {
    const deviceToken = await allowDevice(certificate);
    await expect.poll(() => stage.read(stage.reader, { deviceToken })).toBe('Energy Power');
    const challenges = stage.network.sent.filter((text) => text.includes('<tokenChallenge '));
    expect(challenges.some((text) => text.includes("to='plant@localhost/a'"))).toBe(true);
    expect(challenges.some((text) => text.includes("to='reader@localhost/a'"))).toBe(true);
    // Among others that nobody knows, too.
    holder.sending(HOST, { deviceToken });
    expect(await stage.read(stage.reader, { deviceToken: `unknown ${deviceToken}` })).toBe('Energy Power');
  });

  test('does not count for who has only heard of the token', async () => {
    const deviceToken = await allowDevice(certificate);
    const thief = stage.network.peer('thief@localhost/a');
    expect(await stage.read(thief, { deviceToken })).toBe('forbidden');
    const pretender = new TokenHolder(thief, () => stage.now);
    pretender.serve();
    pretender.add(deviceToken, other);
    pretender.sending(HOST, { deviceToken });
    stage.now += 10_000;
    expect(await stage.read(thief, { deviceToken })).toBe('forbidden');
  });

  test('does not count when the certificate has ended', async () => {
    const deviceToken = await allowDevice(expired);
    await expect.poll(() => stage.read(stage.reader, { deviceToken })).toBe('Energy Power');
    stage.now += 2 * 86_400_000;
    holder.sending(HOST, { deviceToken });
    expect(await stage.read(stage.reader, { deviceToken })).toBe('forbidden');
  });
});
