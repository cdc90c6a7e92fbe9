import { Jid } from '@thingward/xmpp';
import { beforeEach, expect, test } from 'vitest';
import { MemoryNetwork, type MemoryPeer } from '../../test/memory-network.ts';
import {
  decodeGetToken,
  decodeGetTokenChallengeResponse,
  decodeTokenChallengeResponse,
  encodeGetTokenChallenge,
  encodeGetTokenResponse,
  encodeTokenChallenge,
} from './token-codec.ts';
import { requestToken, TokenHolder } from './token-holder.ts';

const NAMESPACE = 'urn:xmpp:iot:provisioning';
const SERVER = Jid.parse('prov.example.org');
/** Turned round is decrypted. */
const identity = {
  certificate: new Uint8Array([9]),
  decrypt: async (challenge: Uint8Array) => {
    if (challenge[0] === 0) throw new Error('not for this key');
    return challenge.toReversed();
  },
};

let network: MemoryNetwork;
let client: MemoryPeer;
let thing: MemoryPeer;
let now: number;
let holder: TokenHolder;

beforeEach(() => {
  network = new MemoryNetwork();
  client = network.join('reader@example.org/a');
  thing = network.join('plc@example.org/gateway');
  now = 0;
  holder = new TokenHolder(client, () => now);
  holder.serve();
  holder.add('own', identity);
});

const challenge = (from: MemoryPeer, token = 'own', bytes = [1, 2]) =>
  from.request('get', client.jid, encodeTokenChallenge({ token, bytes: new Uint8Array(bytes) }));
const forbidden = expect.objectContaining({ condition: 'forbidden' });

test('a token is given to who can decrypt what was encrypted for the certificate', async () => {
  const server = network.join(SERVER.toString());
  server.onIq('get', { name: 'getToken', namespace: NAMESPACE }, ({ payload }) => {
    expect(decodeGetToken(payload)).toEqual(identity.certificate);
    return encodeGetTokenChallenge({ sequence: 7, bytes: new Uint8Array([1, 2, 3]) });
  });
  server.onIq('get', { name: 'getTokenChallengeResponse', namespace: NAMESPACE }, ({ payload }) => {
    expect(decodeGetTokenChallengeResponse(payload)).toEqual({ sequence: 7, bytes: new Uint8Array([3, 2, 1]) });
    return encodeGetTokenResponse('TOKEN');
  });
  expect(await requestToken(client, SERVER, identity)).toBe('TOKEN');
});

test('a challenge is met from whom the token was sent to within the last minute, and from nobody else', async () => {
  await expect(challenge(thing)).rejects.toEqual(forbidden);
  holder.sending(thing.jid, { deviceToken: 'other own' });
  const response = await challenge(thing);
  expect(response && decodeTokenChallengeResponse(response)).toEqual(new Uint8Array([2, 1]));
  await expect(challenge(network.join('thief@example.org/x'))).rejects.toEqual(forbidden);
  await expect(challenge(thing, 'other')).rejects.toEqual(forbidden);
  now += 60_000;
  await expect(challenge(thing)).rejects.toEqual(forbidden);
});

test('what can not be decrypted is refused without a word about why', async () => {
  holder.sending(thing.jid, { userToken: 'own' });
  await expect(challenge(thing, 'own', [0])).rejects.toEqual(forbidden);
  expect(network.errors).toEqual([]);
});
