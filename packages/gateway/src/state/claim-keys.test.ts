import type { MetaTag } from '@thingward/things';
import { expect, it } from 'vitest';
import { temporaryDirectory, temporaryState } from '../../test/state.ts';
import { gatewayConfigSchema } from '../config.ts';
import { metaTagsOf } from './claim-keys.ts';

function thing(rest: object = {}) {
  const account = { jid: 'plc@example.org', password: 'secret' };
  const things = [{ driver: 'direct-io', account, name: 'Host', ...rest }];
  return gatewayConfigSchema.parse({ server: { domain: 'example.org' }, things }).things[0] as never;
}
const key = (tags: readonly MetaTag[]) => tags.find(({ name }) => name === 'KEY')?.value;

it('makes a KEY once, of 128 bits, and keeps it over restarts', () => {
  const directory = temporaryDirectory();
  const first = key(metaTagsOf(thing(), temporaryState(directory)));
  expect(first).toMatch(/^[0-9a-f]{32}$/);
  expect(key(metaTagsOf(thing(), temporaryState(directory)))).toBe(first);
});

it('makes another one for each node and account, and each state', () => {
  const state = temporaryState();
  const keys = [
    metaTagsOf(thing(), state),
    metaTagsOf(thing({ node: { nodeId: 'a' } }), state),
    metaTagsOf(thing({ node: { nodeId: 'a', sourceId: 'b' } }), state),
    metaTagsOf(thing({ account: { jid: 'other@example.org', password: 'secret' } }), state),
    metaTagsOf(thing(), temporaryState()),
  ].map(key);
  expect(new Set(keys).size).toBe(5);
});

it('registers with the configured tags in upper case, text or number, and the name unless they have one', () => {
  const tags = { man: 'Thingward', lat: 59.3, Key: 'printed' };
  expect(metaTagsOf(thing({ tags }), temporaryState())).toEqual([
    { name: 'NAME', type: 'str', value: 'Host' },
    { name: 'MAN', type: 'str', value: 'Thingward' },
    { name: 'LAT', type: 'num', value: 59.3 },
    { name: 'KEY', type: 'str', value: 'printed' },
  ]);
  const named = metaTagsOf(thing({ tags: { name: 'Other' } }), temporaryState());
  expect(named.filter(({ name }) => name === 'NAME')).toEqual([{ name: 'NAME', type: 'str', value: 'Other' }]);
});

it('registers with what is on a label that was printed before, and nothing else', () => {
  const claim = 'IoTDisco;SN:17;#V:1.2;KEY:printed';
  expect(metaTagsOf(thing({ claim }), temporaryState())).toEqual([
    { name: 'SN', type: 'str', value: '17' },
    { name: 'V', type: 'num', value: 1.2 },
    { name: 'KEY', type: 'str', value: 'printed' },
  ]);
  expect(() => thing({ claim, tags: { SN: '17' } })).toThrow('go without claim');
  expect(() => thing({ claim: 'IoTDisco;SN:17' })).toThrow('has no KEY');
  expect(() => thing({ claim: 'SN:17' })).toThrow('is no text of a label');
});
