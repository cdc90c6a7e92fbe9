import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatRoute, parseRoute } from './route.ts';

it.each([
  ['', { page: 'things' }],
  ['#/', { page: 'things' }],
  ['#/nonsense', { page: 'things' }],
  ['#/things', { page: 'things' }],
  ['#/things/', { page: 'things' }],
  ['#/things/%', { page: 'things' }],
  ['#/things/plc%40localhost', { page: 'thing', jid: 'plc@localhost' }],
  ['#/things/plc@localhost', { page: 'thing', jid: 'plc@localhost' }],
  ['#/claim', { page: 'claim' }],
  ['#/search', { page: 'search' }],
  ['#/events', { page: 'events' }],
  ['#/network', { page: 'network', path: [] }],
  ['#/network/', { page: 'network', path: [] }],
  ['#/network/6e/thing/a%2Fb', { page: 'network', path: ['6e', 'thing', 'a/b'] }],
])('finds the page of %s', (hash, route) => {
  expect(parseRoute(hash)).toEqual(route);
});

it('finds any Thing again', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (jid) => {
      expect(parseRoute(formatRoute({ page: 'thing', jid }))).toEqual({ page: 'thing', jid });
    }),
  );
});

it('finds anything in the network again', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1, unit: 'grapheme' })), (path) => {
      expect(parseRoute(formatRoute({ page: 'network', path }))).toEqual({ page: 'network', path });
    }),
  );
});
