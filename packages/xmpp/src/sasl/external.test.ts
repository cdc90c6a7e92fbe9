import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Jid } from '../jid.ts';
import { SaslError } from './error.ts';
import { externalClient, externalServer } from './external.ts';
import type { CredentialStore } from './mechanism.ts';
import { clientMechanism, offeredMechanisms, serverMechanism } from './select.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);
const jids = (...texts: string[]) => texts.map((address) => Jid.parse(address));
const registered = async (localpart: string) => ['juliet', 'nurse'].includes(localpart);

describe('EXTERNAL (XEP-0178 §2)', () => {
  it.each([
    [['juliet@a.lit'], '', 'juliet'],
    [['juliet@a.lit'], 'juliet@a.lit', 'juliet'],
    [['juliet@a.lit', 'nurse@a.lit'], 'nurse@a.lit', 'nurse'],
    [['juliet@a.lit', 'gone@a.lit'], '', 'juliet'],
  ])('a certificate for %j with authzid %j is let in as %s', async (certified, authzid, username) => {
    const step = await externalServer(jids(...certified), registered).step(bytes(authzid));
    expect(step).toEqual({ kind: 'success', username });
  });

  it.each([
    [['juliet@a.lit', 'nurse@a.lit'], '', 'invalid-authzid'],
    [['juliet@a.lit'], 'nurse@a.lit', 'invalid-authzid'],
    [['juliet@a.lit'], 'juliet@b.lit', 'invalid-authzid'],
    [['juliet@a.lit'], 'juliet@a.lit/balcony', 'invalid-authzid'],
    [['juliet@a.lit'], '@', 'invalid-authzid'],
    [['juliet@a.lit', 'gone@a.lit'], 'gone@a.lit', 'invalid-authzid'],
    [['gone@a.lit'], '', 'not-authorized'],
    [[], '', 'not-authorized'],
  ])('a certificate for %j with authzid %j is refused with %s', async (certified, authzid, condition) => {
    await expect(externalServer(jids(...certified), registered).step(bytes(authzid))).rejects.toMatchObject({
      condition,
    });
  });

  it.each([
    [['juliet@a.lit'], ''],
    [[], ''],
    [['juliet@a.lit', 'nurse@a.lit'], 'juliet@a.lit'],
    [['nurse@a.lit'], 'juliet@a.lit'],
  ])('a client with a certificate for %j says %j', async (certified, authzid) => {
    const client = externalClient(Jid.parse('juliet@a.lit/balcony'), jids(...certified));
    expect(text(await client.start())).toBe(authzid);
  });

  it('is offered and chosen first where there is a certificate, and nowhere else', () => {
    const credentials = {} as CredentialStore;
    const [juliet] = jids('juliet@a.lit');
    const certified = jids('juliet@a.lit');
    expect(offeredMechanisms({ isEncrypted: true, certified })[0]).toBe('EXTERNAL');
    expect(offeredMechanisms({ isEncrypted: true, certified: [] })).not.toContain('EXTERNAL');
    expect(() => serverMechanism('EXTERNAL', { isEncrypted: true, certified: [] }, { credentials })).toThrow(
      'not offered',
    );
    const offered = { mechanisms: ['EXTERNAL', 'SCRAM-SHA-256'], profile: 'sasl' } as const;
    const account = { jid: juliet as Jid, password: 'pencil' };
    expect(clientMechanism(offered, account, { isEncrypted: true, certified }).name).toBe('EXTERNAL');
    expect(clientMechanism(offered, account, { isEncrypted: true }).name).toBe('SCRAM-SHA-256');
    expect(() => clientMechanism(offered, { jid: juliet as Jid }, { isEncrypted: true })).toThrow('no password');
  });

  it('fails with nothing but SaslError whatever comes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 30 }), async (message) => {
        const outcome = externalServer(jids('juliet@a.lit'), registered).step(message);
        await outcome.catch((error: unknown) => expect(error).toBeInstanceOf(SaslError));
      }),
    );
  });
});
