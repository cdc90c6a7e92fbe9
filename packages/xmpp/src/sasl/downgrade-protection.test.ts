import { describe, expect, it } from 'vitest';
import { Jid } from '../jid.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { advertisementText } from './downgrade-protection.ts';
import type { CredentialStore } from './mechanism.ts';
import { deriveScramKeys, scramClient, scramServer, WEB_CRYPTO_PRIMITIVES } from './scram.ts';
import { clientMechanism, offeredMechanisms, serverMechanism } from './select.ts';

const EXAMPLE = {
  mechanisms: ['SCRAM-SHA-1-PLUS', 'SCRAM-SHA-1'],
  bindingTypes: ['tls-server-end-point', 'tls-exporter'],
};
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);
const salt = decodeBase64('QSXCR+Q6sek8bf92') ?? new Uint8Array();
const keys = await deriveScramKeys('pencil', salt, 4096, 'SHA-1');
const credentials: CredentialStore = {
  scramKeys: async () => keys,
  exists: async () => true,
  localpart: (username) => username,
};

describe('XEP-0474 SASL SCRAM downgrade protection', () => {
  it('hashes the example of §5.3', async () => {
    const hashed = advertisementText(EXAMPLE);
    expect(hashed).toBe('SCRAM-SHA-1\x1eSCRAM-SHA-1-PLUS\x1ftls-exporter\x1etls-server-end-point');
    const digest = await WEB_CRYPTO_PRIMITIVES.digest(bytes(hashed), 'SHA-1');
    expect(encodeBase64(digest)).toBe('G6k/rBLDqgOhRRaCuuatSDFkJ08=');
    expect(advertisementText({ mechanisms: ['SCRAM-SHA-1', 'PLAIN'] })).toBe('PLAIN\x1eSCRAM-SHA-1');
  });

  it('a server tells it, a client compares it', async () => {
    const server = scramServer('SHA-1', credentials, 'S', undefined, undefined, EXAMPLE);
    const client = scramClient('SHA-1', 'user', 'pencil', 'C', undefined, { ...EXAMPLE, needsProof: true });
    const challenge = await server.step(await client.start());
    if (challenge.kind !== 'challenge') throw new Error('expected a challenge');
    expect(text(challenge.data)).toBe('r=CS,s=QSXCR+Q6sek8bf92,i=4096,h=G6k/rBLDqgOhRRaCuuatSDFkJ08=');
    const outcome = await server.step(await client.respond(challenge.data));
    expect(outcome.kind).toBe('success');
    await client.finish(outcome.data);
  });

  it.each([
    ['a mechanism that was taken out', { ...EXAMPLE, mechanisms: ['SCRAM-SHA-1'] }],
    ['one that was put in', { ...EXAMPLE, mechanisms: [...EXAMPLE.mechanisms, 'PLAIN'] }],
    ['a way of binding that was taken out', { ...EXAMPLE, bindingTypes: ['tls-server-end-point'] }],
    ['all ways', { mechanisms: EXAMPLE.mechanisms }],
  ])('finds out %s', async (_, received) => {
    const server = scramServer('SHA-1', credentials, 'S', undefined, undefined, EXAMPLE);
    const client = scramClient('SHA-1', 'user', 'pencil', 'C', undefined, { ...received, needsProof: false });
    const challenge = await server.step(await client.start());
    await expect(client.respond(challenge.data as Uint8Array)).rejects.toMatchObject({ condition: 'aborted' });
  });

  it('whoever changes the hash too is found out by the server', async () => {
    const server = scramServer('SHA-1', credentials, 'S', undefined, undefined, EXAMPLE);
    const client = scramClient('SHA-1', 'user', 'pencil', 'C', undefined, {
      mechanisms: ['SCRAM-SHA-1'],
      needsProof: false,
    });
    const challenge = await server.step(await client.start());
    const forged = encodeBase64(await WEB_CRYPTO_PRIMITIVES.digest(bytes('SCRAM-SHA-1'), 'SHA-1'));
    const changed = text(challenge.data as Uint8Array).replace(/h=.*/, `h=${forged}`);
    await expect(server.step(await client.respond(bytes(changed)))).rejects.toMatchObject({
      condition: 'not-authorized',
    });
  });

  it('what a server offers is what it hashes, of both profiles the one in use', async () => {
    const bindings = { 'tls-exporter': new Uint8Array(32), 'tls-server-end-point': new Uint8Array(32) };
    const channel = { isEncrypted: true, bindings };
    for (const profile of ['sasl', 'sasl2'] as const) {
      const mechanisms = offeredMechanisms(channel);
      const offer = { mechanisms, bindingTypes: ['tls-exporter', 'tls-server-end-point'], profile };
      const client = clientMechanism(offer, { jid: Jid.parse('u@localhost'), password: 'pencil' }, channel);
      const server = serverMechanism(client.name, channel, { credentials });
      const challenge = await server.step(await client.start());
      await expect(client.respond(challenge.data as Uint8Array)).resolves.toBeDefined();
    }
  });
});
