import { type Element, parseElement } from '@thingward/xml';
import { Jid } from '@thingward/xmpp';
import { describe, expect, test } from 'vitest';
import { harmonizedPayloads } from '../../test/harmonized-payloads.ts';
import { shape } from '../../test/shape.ts';
import { FIELD_TYPES } from '../sensor-data/field.ts';
import type { HarmonizedName } from '../thing/dialect-names.ts';
import { decodeFriendAdvice, encodeFriendAdvice } from '../thing/friend-codec.ts';
import * as access from './codec.ts';
import type { ProvisioningDialect } from './dialect.ts';
import { PROVISIONING_DIALECTS } from './dialects.ts';
import { decodeHarmonizedOwnerRule, encodeHarmonizedOwnerQuestion } from './harmonized-owner-codec.ts';
import * as tokens from './token-codec.ts';

const dialect = (name: HarmonizedName) => PROVISIONING_DIALECTS.find((d) => d.name === name) as ProvisioningDialect;

function again(d: ProvisioningDialect, element: Element): Element | undefined {
  const { namespace: device, tokenNamespace: token } = d;
  const writers: Record<string, (e: Element) => Element> = {
    isFriend: (e) => access.encodeFriendQuestion(access.decodeFriendQuestion(e, device), device),
    isFriendResponse: (e) => access.encodeFriendAnswer(access.decodeFriendAnswer(e, device), device),
    friend: (e) => encodeFriendAdvice(decodeFriendAdvice(e, device), device),
    unfriend: (e) => encodeFriendAdvice(decodeFriendAdvice(e, device), device),
    canRead: (e) => d.encodeReadQuestion(d.decodeReadQuestion(e)),
    canReadResponse: (e) => d.encodeReadAnswer(d.decodeReadAnswer(e)),
    canControl: (e) => d.encodeControlQuestion(d.decodeControlQuestion(e)),
    canControlResponse: (e) => d.encodeControlAnswer(d.decodeControlAnswer(e)),
    clearCache: () => access.encodeClearCache('clearCache', device),
    getToken: (e) => tokens.encodeGetToken(tokens.decodeGetToken(e, token), token),
    getTokenChallenge: (e) => tokens.encodeGetTokenChallenge(tokens.decodeGetTokenChallenge(e, token), token),
    getTokenChallengeResponse: (e) =>
      tokens.encodeGetTokenChallengeResponse(tokens.decodeGetTokenChallengeResponse(e, token), token),
    getTokenResponse: (e) => tokens.encodeGetTokenResponse(tokens.decodeGetTokenResponse(e, token), token),
    tokenChallenge: (e) => tokens.encodeTokenChallenge(tokens.decodeTokenChallenge(e, token), token),
    tokenChallengeResponse: (e) =>
      tokens.encodeTokenChallengeResponse(tokens.decodeTokenChallengeResponse(e, token), token),
  };
  return writers[element.name]?.(element);
}

describe.each(['nf', 'ieee'] as const)('the dialect %s', (name) => {
  const d = dialect(name);
  const own = harmonizedPayloads(name).filter((text) => text.includes(':prov:d:') || text.includes(':prov:t:'));

  test.each(own.filter((text) => !/[Cc]ertificate/.test(text)))('%s comes back as it was', (text) => {
    const element = parseElement(text);
    expect(shape(again(d, element) as Element)).toEqual(shape(element));
  });

  test('all kinds are asked for in one word', () => {
    const jid = Jid.parse('reader@example.org');
    const element = d.encodeReadQuestion({ jid, nodes: [], names: [], types: FIELD_TYPES });
    expect(element.toString()).toContain("all='true'");
    expect(d.decodeReadQuestion(element).types).toEqual(FIELD_TYPES);
  });

  test('an owner is asked, and answers with its key', () => {
    const namespace = d.ownerNamespace as string;
    const question = encodeHarmonizedOwnerQuestion(
      {
        kind: 'read',
        jid: Jid.parse('plant@example.org'),
        node: { nodeId: 'meter' },
        requester: Jid.parse('reader@example.org/x'),
        key: 'k3',
        types: ['momentary'],
        names: ['Energy'],
        serviceToken: 's',
      },
      namespace,
    );
    expect(question.toString()).toBe(
      `<canRead xmlns='${namespace}' jid='plant@example.org' remoteJid='reader@example.org' key='k3' st='s' m='true'><nd id='meter'/><f n='Energy'/></canRead>`,
    );
    const rule = `<canReadRule xmlns='${namespace}' jid='plant@example.org' remoteJid='reader@example.org' key='k3' result='true'><nd id='meter'/><partial m='true'><f n='Energy'/></partial><fromDevice token='t'/></canReadRule>`;
    expect(decodeHarmonizedOwnerRule(parseElement(rule))).toMatchObject({
      kind: 'read',
      node: { nodeId: 'meter' },
      key: 'k3',
      isAllowed: true,
      scope: 'device',
      subject: 't',
      names: ['Energy'],
      types: ['momentary'],
    });
    const friend = `<isFriendRule xmlns='${namespace}' jid='a@b' remoteJid='c@d' key='k' result='false' range='All'/>`;
    expect(decodeHarmonizedOwnerRule(parseElement(friend))).toMatchObject({ kind: 'friend', scope: 'anyone' });
    expect(() => decodeHarmonizedOwnerRule(parseElement(friend.replace("range='All'", "range='Some'")))).toThrow(
      'range',
    );
  });
});
