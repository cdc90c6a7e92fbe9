import { Jid, PeerError, StanzaError } from '@thingward/xmpp';
import { describe, expect, it } from 'vitest';
import { Claim } from './claim.ts';
import { TestConnection } from './connection.fixture.ts';

const URI = 'IoTDisco;SN:394872348732948723;#V:1.2;KEY:4857402340298342';
const NAMED = `${URI};NAME:Pump energy meter`;

describe('Claim', () => {
  it('shows what will be claimed, but never the KEY', () => {
    const claim = new Claim(new TestConnection());
    claim.enter(` ${URI}\n`);
    expect(claim.step.value.kind).toBe('review');
    expect(claim.tags.value).toEqual([
      { name: 'SN', value: '394872348732948723' },
      { name: 'V', value: '1.2' },
      { name: 'KEY', value: undefined },
    ]);
  });

  it.each([
    ['https://example.org', /begins with/],
    ['IoTDisco;SN', /not a complete code.*tag name/],
    ['IoTDisco', /no tags/],
  ])('says what is wrong with %s', (text, problem) => {
    const claim = new Claim(new TestConnection());
    claim.enter(text);
    expect(claim.step.value).toEqual({ kind: 'input', problem: expect.stringMatching(problem) });
  });

  it('claims, becomes a friend of the Thing, and takes its name over', async () => {
    const connection = new TestConnection();
    connection.onClaim = async () => ({ jid: Jid.parse('meter@localhost'), node: undefined });
    const claim = new Claim(connection);
    claim.enter(NAMED);
    const done = claim.claim(true);
    expect(claim.step.value.kind).toBe('claiming');
    await done;
    expect(claim.step.value).toEqual({ kind: 'claimed', thing: Jid.parse('meter@localhost') });
    expect(connection.sent).toEqual(['befriend meter@localhost', 'rename meter@localhost to Pump energy meter']);
  });

  it('has claimed, even if the connection is lost before it can become a friend', async () => {
    const connection = new TestConnection();
    connection.onClaim = async () => ({ jid: Jid.parse('meter@localhost'), node: undefined });
    connection.befriend = () => {
      throw new PeerError('not-connected', 'gone');
    };
    const claim = new Claim(connection);
    claim.enter(URI);
    await claim.claim(false);
    expect(claim.step.value.kind).toBe('claimed');
  });

  it('stays where it was when the registry refuses', async () => {
    const connection = new TestConnection();
    connection.onClaim = async () => {
      throw new StanzaError('item-not-found');
    };
    const claim = new Claim(connection);
    claim.enter(URI);
    await claim.claim(true);
    expect(claim.step.value).toMatchObject({ kind: 'review', problem: expect.stringMatching(/waits for an owner/) });
    expect(connection.sent).toEqual([]);
  });
});
