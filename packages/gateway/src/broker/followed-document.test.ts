import { Jid, SILENT_LOGGER, StanzaError } from '@thingward/xmpp';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { MemoryBroker } from '../../test/memory-broker.ts';
import { MemoryNetwork } from '../../test/memory-network.ts';
import { temporaryState } from '../../test/state.ts';
import { PointListError } from '../drivers/point-table.ts';
import { type KeptDocument, StoredDocuments } from '../state/document-store.ts';
import { FollowedDocument } from './followed-document.ts';

const BROKER = Jid.parse('broker.example.org');
const OWNER = Jid.parse('owner@example.org');
const REFERENCE = {
  thing: Jid.parse('plc@example.org'),
  node: { nodeId: 'tank' },
  kind: 'register-map',
  name: 'default',
} as const;

let network: MemoryNetwork;
let broker: MemoryBroker;
let store: StoredDocuments;
/** What was put to use. */
let applied: string[];
const warn = vi.fn();
const textOf = ({ content }: KeptDocument) => (content.form === 'text' ? content.text : '(octets)');
const warnings = () => warn.mock.calls.map(([details, message]) => [details.reason, message]);

function follow() {
  const peer = network.add('plc@example.org/gateway');
  const followed = new FollowedDocument({
    peer,
    broker: BROKER,
    reference: REFERENCE,
    store,
    apply: (document) => {
      if (textOf(document).startsWith('bad')) throw new PointListError(`${textOf(document)} indeed`);
      applied.push(textOf(document));
    },
    log: { ...SILENT_LOGGER, warn },
    backOffMs: { first: 5, max: 20 },
  });
  onTestFinished(() => followed.stop());
  followed.load();
  followed.start();
  return { peer, followed };
}
const put = (text: string, rest: object = {}) =>
  broker.put({ ...REFERENCE, ...rest, mediaType: 'text/csv', content: { form: 'text', text } }, OWNER);

beforeEach(() => {
  network = new MemoryNetwork();
  broker = new MemoryBroker(network.join(BROKER.toString()));
  store = new StoredDocuments(temporaryState(), 'plc@example.org');
  applied = [];
  warn.mockClear();
});

describe('a document a device works by', () => {
  test('is used as soon as it is there, and when it changes, and each once', async () => {
    const { peer } = follow();
    peer.connect();
    await vi.waitFor(() => expect(warnings()).toHaveLength(1));
    await put('one');
    await vi.waitFor(() => expect(applied).toEqual(['one']));
    await put('other', { name: 'another' });
    await put('two');
    await vi.waitFor(() => expect(applied).toEqual(['one', 'two']));
    peer.disconnect();
    await put('three');
    peer.connect();
    await vi.waitFor(() => expect(applied).toEqual(['one', 'two', 'three']));
    peer.disconnect();
    peer.connect();
    await put('four');
    await vi.waitFor(() => expect(applied).toEqual(['one', 'two', 'three', 'four']));
  });

  test('is kept, so that it is there without a broker', async () => {
    await put('one');
    const first = follow();
    first.peer.connect();
    await vi.waitFor(() => expect(applied).toEqual(['one']));
    await first.followed.stop();
    applied = [];
    const { followed } = follow();
    expect(applied).toEqual(['one']);
    expect(followed.digest).toMatch(/^[0-9a-f]{64}$/);
  });

  test('is refused when it is bad: the one before stays, and that is said once', async () => {
    await put('one');
    const { peer, followed } = follow();
    peer.connect();
    await vi.waitFor(() => expect(applied).toEqual(['one']));
    const { digest } = followed;
    await put('bad two');
    await vi.waitFor(() => expect(warnings()).toHaveLength(2));
    peer.disconnect();
    peer.connect();
    await put('three');
    await vi.waitFor(() => expect(applied).toEqual(['one', 'three']));
    expect(warnings()[1]).toEqual([
      'bad two indeed',
      'the register-map from the broker was refused: the one before stays in use',
    ]);
    expect(warnings()).toHaveLength(3);
    expect(followed.digest).not.toBe(digest);
    expect(store.load(REFERENCE)?.version).toBe(3);
  });

  test('is asked for again when the broker can’t answer just now', async () => {
    await put('one');
    const { peer } = follow();
    broker.failure = new StanzaError('internal-server-error', 'the disk is full', { type: 'wait' });
    peer.connect();
    await vi.waitFor(() => expect(applied).toEqual(['one']));
  });

  test('that can’t be used any more does not keep the gateway from starting', () => {
    store.keep(REFERENCE, {
      mediaType: 'text/csv',
      digest: 'a'.repeat(64),
      version: 1,
      content: { form: 'text', text: 'bad' },
    });
    const { followed } = follow();
    expect(followed.digest).toBeUndefined();
    expect(warnings()).toEqual([['bad indeed', "the register-map that was kept can't be used any more"]]);
  });
});
