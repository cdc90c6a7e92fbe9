import { encodeUtf8, Frame } from '@thingward/xml';
import { describe, expect, it } from 'vitest';
import { isData } from './data-stanza.ts';

const of = (text: string) => isData(Frame.parse(encodeUtf8(text), { '': 'jabber:client' }).head);
const REQ = `<req xmlns='urn:xmpp:iot:sensordata' seqnr='1'/>`;

describe('isData', () => {
  it.each([
    `<iq type='get' id='1' to='a@b/c'>${REQ}</iq>`,
    `<iq type='set' id='1' to='a@b/c'><set xmlns='urn:xmpp:iot:control'/></iq>`,
    `<iq type='result' id='1' to='a@b/c'/>`,
    `<message to='a@b/c'>${REQ}</message>`,
    `<message to='a@b/c' type='normal'><read xmlns='urn:thingward:modbus:1'/></message>`,
  ])('takes %s', (text) => expect(of(text)).toBe(true));

  it.each([
    ['one to an account', `<message to='a@b'>${REQ}</message>`],
    ['one to nobody', `<message>${REQ}</message>`],
    ['one that says whom it is from', `<message from='x@y/z' to='a@b/c'>${REQ}</message>`],
    ['a chat', `<message type='chat' to='a@b/c'>${REQ}</message>`],
    ['an error', `<iq type='error' id='1' to='a@b/c'>${REQ}</iq>`],
    ['one with something else in it', `<message to='a@b/c'>${REQ}<body>x</body></message>`],
    ['something else', `<message to='a@b/c'><body>x</body></message>`],
    ['a request without an id', `<iq type='get' to='a@b/c'>${REQ}</iq>`],
    ['a request with an empty id', `<iq type='get' id='' to='a@b/c'>${REQ}</iq>`],
    ['an empty request', `<iq type='get' id='1' to='a@b/c'/>`],
    ['an IQ of no type that there is', `<iq type='put' id='1' to='a@b/c'>${REQ}</iq>`],
    ['an empty message', `<message to='a@b/c'/>`],
    ['presence', `<presence to='a@b/c'>${REQ}</presence>`],
    ['one with a prefix', `<c:message xmlns:c='jabber:client' to='a@b/c'>${REQ}</c:message>`],
    ['one that says its namespace', `<message xmlns='jabber:client' to='a@b/c'>${REQ}</message>`],
    ['one of another namespace', `<message xmlns='jabber:server' to='a@b/c'>${REQ}</message>`],
    ['a namespace that only sounds like it', `<message to='a@b/c'><x xmlns='urn:xmpp:iota'/></message>`],
  ])('does not take %s', (_, text) => expect(of(text)).toBe(false));
});
