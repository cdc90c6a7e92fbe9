import { parseElement } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodePreAuthentication,
  decodeRegistrationQuery,
  decodeRegistrationRequest,
  encodePreAuthentication,
  encodeRegistrationQuery,
  encodeRegistrationRequest,
  REGISTER,
  registrationUri,
  rosterUri,
} from './registration.ts';

const request = (content: string) =>
  decodeRegistrationRequest(parseElement(`<query xmlns='${REGISTER}'>${content}</query>`));

describe('XEP-0077 requests', () => {
  it('fields, or a form, which counts', () => {
    const fields = `<username>bill</username><password>Calliope</password>`;
    const form = `<x xmlns='jabber:x:data' type='submit'><field var='username'><value>juliet</value></field></x>`;
    expect(request(fields)).toEqual({ kind: 'submit', username: 'bill', password: 'Calliope' });
    expect(request(fields + form)).toEqual({ kind: 'submit', username: 'juliet', password: undefined });
  });

  it('what is empty is missing', () => {
    expect(request(`<username>bill</username><password/>`)).toMatchObject({ username: 'bill', password: undefined });
  });

  it('a removal says nothing else', () => {
    expect(request('<remove/>')).toEqual({ kind: 'remove' });
    expect(() => request('<remove/><username>bill</username>')).toThrow('bad-request');
    expect(() => request(`<x xmlns='jabber:x:data'/>`)).toThrow('bad-request');
  });

  it('are read as they are written', () => {
    const text = fc.string({ unit: 'grapheme-ascii', minLength: 1 });
    fc.assert(
      fc.property(text, text, (username, password) => {
        const wanted = { kind: 'submit', username, password } as const;
        expect(decodeRegistrationRequest(parseElement(encodeRegistrationRequest(wanted).toString()))).toEqual(wanted);
      }),
    );
    expect(decodeRegistrationRequest(encodeRegistrationRequest({ kind: 'remove' }))).toEqual({ kind: 'remove' });
  });
});

describe('XEP-0077 answers', () => {
  it('ask for fields, or say what there is', () => {
    const asked = { instructions: 'Choose', username: '', password: '' };
    expect(decodeRegistrationQuery(encodeRegistrationQuery(asked))).toMatchObject({ ...asked, registered: false });
    const known = { registered: true, username: 'juliet', password: '' };
    expect(decodeRegistrationQuery(encodeRegistrationQuery(known))).toMatchObject(known);
    expect(encodeRegistrationQuery({ instructions: 'Elsewhere' }).toString()).toBe(
      `<query xmlns='${REGISTER}'><instructions>Elsewhere</instructions></query>`,
    );
  });
});

describe('XEP-0445', () => {
  it('a token is shown', () => {
    expect(decodePreAuthentication(encodePreAuthentication('TOKEN'))).toBe('TOKEN');
    expect(() => decodePreAuthentication(parseElement(`<preauth xmlns='urn:xmpp:pars:0'/>`))).toThrow('bad-request');
  });

  it('an invitation is a URI', () => {
    expect(registrationUri('example.com', 'TOKEN')).toBe('xmpp:example.com?register;preauth=TOKEN');
    expect(registrationUri('juliet@example.com', 'TOKEN')).toBe('xmpp:juliet@example.com?register;preauth=TOKEN');
    expect(registrationUri("d'artagnan@example.com", 'T')).toBe("xmpp:d'artagnan@example.com?register;preauth=T");
    expect(rosterUri('romeo@example.com', 'TOKEN', true)).toBe('xmpp:romeo@example.com?roster;preauth=TOKEN;ibr=y');
    expect(rosterUri('romeo@example.com', 'TOKEN', false)).toBe('xmpp:romeo@example.com?roster;preauth=TOKEN');
    expect(registrationUri('é@example.com', 'T')).toBe('xmpp:%C3%A9@example.com?register;preauth=T');
  });
});
