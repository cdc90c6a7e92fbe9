import { Jid } from '@thingward/xmpp';
import { expect, it } from 'vitest';
import { DEFAULT_PUBLICATION, type Publication } from './publication.ts';
import { admits } from './read-access.ts';

const publication = (...names: string[]): Publication => ({
  ...DEFAULT_PUBLICATION,
  address: { service: Jid.parse('pubsub.example.org'), node: 'n' },
  filter: { ...DEFAULT_PUBLICATION.filter, names },
});

it.each([
  { decision: true, fields: [], admitted: true },
  { decision: false, fields: ['Level'], admitted: false },
  { decision: { names: ['Level', 'Volume'] }, fields: ['Level'], admitted: true },
  { decision: { names: ['Level'] }, fields: ['Level', 'Volume'], admitted: false },
  { decision: { names: ['Level'] }, fields: [], admitted: false },
  { decision: { names: [] }, fields: [], admitted: false },
])(
  'with the decision $decision and the fields $fields somebody is admitted: $admitted',
  ({ decision, fields, admitted }) => {
    expect(admits(decision, publication(...fields))).toBe(admitted);
  },
);
