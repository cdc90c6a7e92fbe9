import { Jid } from '@thingward/xmpp';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { personalPublicationNode, publicationNode, publicationsNode } from './publication.ts';

const PLC = Jid.parse('plc@example.org/gateway');

it('names nodes after Things', () => {
  expect(publicationNode(PLC, undefined)).toBe('sensordata/plc@example.org');
  expect(publicationNode(PLC, { nodeId: 'tank' })).toBe('sensordata/plc@example.org/tank');
  expect(publicationNode(PLC, { nodeId: 'a/b', cacheType: '5%' })).toBe('sensordata/plc@example.org/a%2Fb//5%25');
  expect(personalPublicationNode(undefined)).toBe('urn:xmpp:iot:sensordata');
  expect(personalPublicationNode({ nodeId: 'tank', sourceId: 's' })).toBe('urn:xmpp:iot:sensordata/tank/s');
  expect(publicationsNode()).toBe('urn:thingward:publication:1');
  expect(publicationsNode({ nodeId: 'tank' })).toBe('urn:thingward:publication:1/tank');
});

it('gives no two Things the same name', () => {
  const part = fc.stringMatching(/^[a/%2F]{1,4}$/);
  const reference = fc.record({ nodeId: part, sourceId: part, cacheType: part }, { requiredKeys: ['nodeId'] });
  const same = (a: object, b: object) =>
    JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());
  fc.assert(
    fc.property(reference, reference, (a, b) => {
      expect(publicationNode(PLC, a) === publicationNode(PLC, b)).toBe(same(a, b));
    }),
    { numRuns: 2000 },
  );
});
