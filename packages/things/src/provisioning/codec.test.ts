import { type Element, isXmlText, parseElement } from '@thingward/xml';
import { Jid } from '@thingward/xmpp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SchemaCheck } from '../../test/schema-check.ts';
import { shape } from '../../test/shape.ts';
import { FIELD_TYPES } from '../sensor-data/field.ts';
import { decodeFriendAdvice, encodeFriendAdvice } from '../thing/friend-codec.ts';
import { PayloadError } from '../thing/payload.ts';
import * as access from './codec.ts';
import * as service from './service-codec.ts';
import * as tokens from './token-codec.ts';

const NS = "xmlns='urn:xmpp:iot:provisioning'";
const SCHEMA = new SchemaCheck('provisioning/schema.xsd');
/** Through bytes, as it goes on the wire. */
const wire = (element: Element) => parseElement(element.toString());

const CREDENTIALS = `<credentials type='IpAddress' value='10.0.0.1'/><credentials type='Longitude' value='123.45'/><credentials type='Latitude' value='67.89'/>`;
const AGAIN: Readonly<Record<string, (element: Element) => Element>> = {
  getToken: (e) => tokens.encodeGetToken(tokens.decodeGetToken(e)),
  getTokenChallenge: (e) => tokens.encodeGetTokenChallenge(tokens.decodeGetTokenChallenge(e)),
  getTokenChallengeResponse: (e) => tokens.encodeGetTokenChallengeResponse(tokens.decodeGetTokenChallengeResponse(e)),
  getTokenResponse: (e) => tokens.encodeGetTokenResponse(tokens.decodeGetTokenResponse(e)),
  tokenChallenge: (e) => tokens.encodeTokenChallenge(tokens.decodeTokenChallenge(e)),
  tokenChallengeResponse: (e) => tokens.encodeTokenChallengeResponse(tokens.decodeTokenChallengeResponse(e)),
  isFriend: (e) => access.encodeFriendQuestion(access.decodeFriendQuestion(e)),
  isFriendResponse: (e) => access.encodeFriendAnswer(access.decodeFriendAnswer(e)),
  friend: (e) => encodeFriendAdvice(decodeFriendAdvice(e)),
  unfriend: (e) => encodeFriendAdvice(decodeFriendAdvice(e)),
  canRead: (e) => access.encodeReadQuestion(access.decodeReadQuestion(e)),
  canReadResponse: (e) => access.encodeReadAnswer(access.decodeReadAnswer(e)),
  canControl: (e) => access.encodeControlQuestion(access.decodeControlQuestion(e)),
  canControlResponse: (e) => access.encodeControlAnswer(access.decodeControlAnswer(e)),
  canAccess: (e) => service.encodeAccessQuestion(service.decodeAccessQuestion(e)),
  canAccessResponse: (e) => service.encodeAccessAnswer(service.decodeAccessAnswer(e)),
  userLoggedIn: (e) => service.encodeUserLoggedIn(service.decodeUserLoggedIn(e)),
  hasPrivilege: (e) => service.encodeHasPrivilege(service.decodeHasPrivilege(e)),
  hasPrivilegeResponse: (e) => service.encodeHasPrivilegeResponse(service.decodeHasPrivilegeResponse(e)),
  downloadPrivileges: (e) => service.encodeDownloadPrivileges(service.decodeDownloadPrivileges(e)),
  downloadPrivilegesResponse: (e) => service.encodePrivileges(service.decodePrivileges(e)),
};

const parameters = (...names: string[]) => names.map((name) => `<parameter name='${name}'/>`).join('');
const outputs = [1, 2, 3, 4].map((i) => `DigitalOutput${i}`);
/** The payloads of this namespace in the examples of XEP-0324, bytes in place of words about them. */
const EXAMPLES = [
  `<getToken ${NS}>MIIBIjANBgkq</getToken>`,
  `<getTokenChallenge ${NS} seqnr='1'>AAEC/w==</getTokenChallenge>`,
  `<getTokenChallengeResponse ${NS} seqnr='1'>AAEC</getTokenChallengeResponse>`,
  `<getTokenResponse ${NS} token='TOKEN'/>`,
  `<tokenChallenge ${NS} token='TOKEN'>AAEC</tokenChallenge>`,
  `<tokenChallengeResponse ${NS}>AAEC</tokenChallengeResponse>`,
  `<canRead ${NS} jid='primary@example.org' serviceToken='SERVICETOKEN1 SERVICETOKEN2' userToken='USERTOKEN1' momentary='true'/>`,
  `<canReadResponse ${NS} jid='primary@example.org' momentary='true' result='true'/>`,
  `<isFriend ${NS} jid='client1@example.org'/>`,
  `<isFriendResponse ${NS} jid='client1@example.org' result='true'/>`,
  `<isFriendResponse ${NS} jid='client2@example.org' result='false'/>`,
  `<unfriend ${NS} jid='client2@example.org'/>`,
  `<friend ${NS} jid='client2@example.org'/>`,
  `<canRead ${NS} jid='primary@example.org' momentary='true' serviceToken='SERVICETOKEN1' userToken='USERTOKEN1'><node nodeId='Device02'/><node nodeId='Device03'/></canRead>`,
  `<canReadResponse ${NS} jid='primary@example.org' momentary='true' result='true'><node nodeId='Device02'/></canReadResponse>`,
  `<canReadResponse ${NS} jid='primary@example.org' momentary='true' result='true'><field name='Energy'/><field name='Power'/></canReadResponse>`,
  `<canControl ${NS} jid='primary@example.org' serviceToken='SERVICETOKEN1' userToken='USERTOKEN1'><parameter name='Output'/></canControl>`,
  `<canControlResponse ${NS} jid='primary@example.org' result='false'/>`,
  `<canControl ${NS} jid='primary@example.org' serviceToken='SERVICETOKEN1' userToken='USERTOKEN1'>${outputs.map((id) => `<node nodeId='${id}'/>`).join('')}<parameter name='Output'/></canControl>`,
  `<canControlResponse ${NS} jid='primary@example.org' result='true'><node nodeId='DigitalOutput2'/><node nodeId='DigitalOutput3'/></canControlResponse>`,
  `<canControl ${NS} jid='primary@example.org' serviceToken='SERVICETOKEN1' userToken='user0001'>${parameters(...outputs, 'AnalogOutput1', 'AnalogOutput2')}</canControl>`,
  `<canControlResponse ${NS} jid='primary@example.org' result='true'>${parameters(...outputs)}</canControlResponse>`,
  `<canAccess ${NS} serviceToken='SERVICETOKEN1'>${CREDENTIALS}</canAccess>`,
  `<canAccessResponse ${NS} userToken='USERTOKEN1' result='true'/>`,
  `<userLoggedIn ${NS} serviceToken='SERVICETOKEN1' userToken='USERTOKEN1' userName='Kermit'/>`,
  `<hasPrivilege ${NS} serviceToken='SERVICETOKEN1' userToken='USERTOKEN1' privilegeId='Sensors.View'/>`,
  `<hasPrivilegeResponse ${NS} result='true'/>`,
  `<downloadPrivileges ${NS} serviceToken='SERVICETOKEN1' userToken='USERTOKEN1'/>`,
  `<downloadPrivilegesResponse ${NS}><exclude id='Sensors.Delete'/><include id='Sensors'/></downloadPrivilegesResponse>`,
];

describe('the examples of XEP-0324', () => {
  test.each(EXAMPLES)('%s follows the schema and comes back as it was', (text) => {
    const element = parseElement(text);
    expect(SCHEMA.problems(element)).toEqual([]);
    const again = AGAIN[element.name]?.(element);
    expect(again && shape(wire(again))).toEqual(shape(element));
  });

  test.each(['clearCache', 'clearCacheResponse'] as const)('%s', (name) => {
    expect(SCHEMA.problems(access.encodeClearCache(name))).toEqual([]);
  });
});

const text = fc.string({ unit: 'binary', maxLength: 8 }).filter(isXmlText);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const asked = {
  jid: fc.constantFrom('a@b', 'example.org', 'ü@d').map((jid) => Jid.parse(jid)),
  nodes: fc.array(fc.record({ nodeId: text.filter((id) => id !== '') }), { maxLength: 3 }),
  names: fc.array(text, { maxLength: 3 }),
};
const types = fc.subarray([...FIELD_TYPES]);
const given = { serviceToken: optional(text), deviceToken: optional(text), userToken: optional(text) };
const bytes = fc.uint8Array({ maxLength: 40 });
const token = text.filter((value) => value !== '' && !/\s/.test(value));
const sequence = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const double = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value));

/** Written and read it is what it was, and it follows the schema. */
function comesBack<T>(arbitrary: fc.Arbitrary<T>, encode: (value: T) => Element, decode: (element: Element) => T) {
  fc.assert(
    fc.property(arbitrary, (value) => {
      const element = wire(encode(value));
      expect(SCHEMA.problems(element)).toEqual([]);
      expect(decode(element)).toEqual(value);
    }),
  );
}

describe('whatever the values, they come back:', () => {
  test('questions and answers about reading', () => {
    comesBack(fc.record({ ...asked, types, ...given }), access.encodeReadQuestion, access.decodeReadQuestion);
    comesBack(
      fc.record({ ...asked, types, isAllowed: fc.boolean() }),
      access.encodeReadAnswer,
      access.decodeReadAnswer,
    );
  });

  test('questions and answers about control', () => {
    comesBack(fc.record({ ...asked, ...given }), access.encodeControlQuestion, access.decodeControlQuestion);
    comesBack(fc.record({ ...asked, isAllowed: fc.boolean() }), access.encodeControlAnswer, access.decodeControlAnswer);
  });

  test('answers about friends', () => {
    const answer = fc.record({ jid: asked.jid, isAllowed: fc.boolean(), secondaryTrustAllowed: fc.boolean() });
    comesBack(answer, access.encodeFriendAnswer, access.decodeFriendAnswer);
  });

  test('certificates, challenges and tokens', () => {
    comesBack(bytes, tokens.encodeGetToken, tokens.decodeGetToken);
    comesBack(fc.record({ sequence, bytes }), tokens.encodeGetTokenChallenge, tokens.decodeGetTokenChallenge);
    comesBack(fc.record({ token, bytes }), tokens.encodeTokenChallenge, tokens.decodeTokenChallenge);
    comesBack(token, tokens.encodeGetTokenResponse, tokens.decodeGetTokenResponse);
  });

  test('credentials and privileges', () => {
    const credential = fc.oneof(
      fc.record({ kind: fc.constantFrom('jid', 'ip4', 'hostName', 'sso', 'protocol'), value: text }),
      fc.record({ kind: fc.constantFrom('longitude', 'latitude', 'altitude'), value: double }),
      fc.record({ kind: fc.constantFrom('x509Certificate', 'x509CertificateThumbprint'), value: bytes }),
      fc.record({ kind: fc.constant('other'), type: text, value: text }),
    ) as fc.Arbitrary<service.Credential>;
    const question = fc.record({ serviceToken: text, credentials: fc.array(credential, { maxLength: 3 }) });
    comesBack(question, service.encodeAccessQuestion, service.decodeAccessQuestion);
    const rule = fc.record({
      kind: fc.constantFrom('include' as const, 'exclude' as const),
      id: fc.constantFrom('a', 'a.b', 'é.c d'),
    });
    comesBack(fc.array(rule, { maxLength: 4 }), service.encodePrivileges, service.decodePrivileges);
  });
});

test.each<[string, (element: Element) => unknown]>([
  [`<isFriend ${NS}/>`, access.decodeFriendQuestion],
  [`<isFriend ${NS} jid='@'/>`, access.decodeFriendQuestion],
  [`<canRead ${NS} jid='a@b' momentary='perhaps'/>`, access.decodeReadQuestion],
  [`<canRead ${NS} jid='a@b'><node/></canRead>`, access.decodeReadQuestion],
  [`<canReadResponse ${NS} jid='a@b'/>`, access.decodeReadAnswer],
  [`<canControl ${NS} jid='a@b'><parameter/></canControl>`, access.decodeControlQuestion],
  [`<canControl xmlns='urn:other' jid='a@b'/>`, access.decodeControlQuestion],
  [`<getToken ${NS}>a*==</getToken>`, tokens.decodeGetToken],
  [`<getTokenChallenge ${NS} seqnr='2147483648'>AAEC</getTokenChallenge>`, tokens.decodeGetTokenChallenge],
  [`<getTokenResponse ${NS} token='a b'/>`, tokens.decodeGetTokenResponse],
  [`<hasPrivilege ${NS} serviceToken='s' userToken='u' privilegeId='a..b'/>`, service.decodeHasPrivilege],
  [`<canAccess ${NS} serviceToken='s'><longitude value='far'/></canAccess>`, service.decodeAccessQuestion],
])('%s is refused', (malformed, decode) => {
  expect(() => decode(parseElement(malformed))).toThrow(PayloadError);
});

test('the first rule for a privilege or one above it decides', () => {
  const rules: service.PrivilegeRule[] = [
    { kind: 'exclude', id: 'Databases.Energy.Delete' },
    { kind: 'include', id: 'Databases.Energy' },
  ];
  const granted = (id: string) => service.isPrivilegeGranted(rules, id);
  expect(granted('Databases.Energy.Select')).toBe(true);
  expect(granted('Databases.Energy')).toBe(true);
  expect(granted('Databases.Energy.Delete')).toBe(false);
  expect(granted('Databases.EnergyToo')).toBe(false);
  expect(granted('Databases')).toBe(false);
});
