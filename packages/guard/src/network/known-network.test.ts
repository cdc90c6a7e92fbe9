import { expect, test } from 'vitest';
import { parseEntitiesFile } from './entities-file.ts';
import { KnownNetwork, type KnownPair } from './known-network.ts';
import { NO_FACTS } from './live-facts.ts';

const FILE = parseEntitiesFile(
  `groups: { operators: [ana@example.org] }
groupsIn: { operators: [staff] }
sites: { hall: { in: [plant] } }
things: { plc@example.org: { interfaces: [i1] } }`,
  'entities.yaml',
);

test('sites and interfaces come from meta tags and from what is told, too', () => {
  const facts = {
    ...NO_FACTS,
    thing: () => ({ tags: { SITE: 'hall', ROOM: '12', INTERFACES: 'i2, i3\ti1' }, interfaces: ['i4'] }),
  };
  const pair = new KnownNetwork(FILE, facts).pair('ana@example.org', { kind: 'thing', jid: 'plc@example.org' });
  const { ancestors } = (pair as KnownPair).resource;
  expect([...ancestors].sort()).toEqual([
    'Interface::"i1"',
    'Interface::"i2"',
    'Interface::"i3"',
    'Interface::"i4"',
    'Site::"12"',
    'Site::"hall"',
    'Site::"plant"',
  ]);
});

test('roles of accounts are groups, and in what these are in', () => {
  const facts = {
    ...NO_FACTS,
    rolesOf: (jid: string) => (jid === 'sam@example.org' ? ['operators', 'chiefs'] : []),
    roleHolders: () => ['sam@example.org'],
  };
  const network = new KnownNetwork(FILE, facts);
  const { principal } = network.pair('sam@example.org', { kind: 'thing', jid: 'plc@example.org' }) as KnownPair;
  expect([...principal.ancestors].sort()).toEqual(['Group::"chiefs"', 'Group::"operators"', 'Group::"staff"']);
  expect(network.isIn('sam@example.org', 'staff')).toBe(true);
  expect(network.isIn('eve@example.org', 'staff')).toBe(false);
  expect(network.membersOf('staff')).toEqual(['ana@example.org', 'sam@example.org']);
  expect(network.membersOf('chiefs')).toEqual(['sam@example.org']);
});
