import { Jid } from '@thingward/xmpp';
import { DEFAULT_STREAM_OPTIONS } from '@thingward/xmpp/exi';
import { expect, it } from 'vitest';
import { temporaryDirectory, temporaryState } from '../../test/state.ts';
import { StoredSetUps } from './set-up-store.ts';

it('keeps what was agreed on with each server, over restarts', () => {
  const directory = temporaryDirectory();
  const [plc, other] = [Jid.parse('plc@example.org'), Jid.parse('plc@example.net')];
  const kept = {
    configurationId: 'abc',
    configuration: {
      options: { ...DEFAULT_STREAM_OPTIONS },
      schemas: [{ ns: 'jabber:client', bytes: 6968, md5Hash: '5e2d5cbf0506e3f16336d295093d66c4' }],
      datatypeRepresentationMap: [],
    },
    proposal: 'what was proposed',
    grammars: Uint8Array.of(1, 0, 255),
  };
  const store = new StoredSetUps(temporaryState(directory));
  expect(store.load(plc)).toBeUndefined();
  store.save(plc, { ...kept, configurationId: 'older' });
  store.save(plc, kept);
  const again = new StoredSetUps(temporaryState(directory));
  expect(again.load(Jid.parse('meter@example.org'))).toEqual(kept);
  expect(again.load(other)).toBeUndefined();
  again.save(plc, undefined);
  expect(store.load(plc)).toBeUndefined();
});
