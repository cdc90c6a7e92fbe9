import type { Element } from '@thingward/xml';
import {
  CAPABILITY_HASHES,
  CAPS,
  capabilityHashInput,
  capabilityHashNode,
  capsNode,
  capsText,
  encodeCapabilityHashes,
  encodeCaps,
  encodeDiscoInfo,
} from '@thingward/xmpp';
import { digest } from '../announced-capabilities.ts';
import type { DiscoNodeInfo } from '../disco-registry.ts';
import type { ServerModule } from '../module.ts';

/** Names the software in XEP-0115. */
const SOFTWARE = 'urn:thingward:server';
const ALGORITHMS = ['sha-256', 'sha3-256'] as const;
/** Sets of hashes that are still answered for. @see XEP-0390 §6.1 */
const ANSWERED = 3;

/** What the server speaks hardly ever changes while it runs: many that sign in at once are told the same. */
const FRESH_MS = 1000;

/** What was told, and the nodes that are asked for because of it. */
interface Told {
  readonly text: string;
  readonly elements: readonly Element[];
  readonly nodes: ReadonlySet<string>;
  readonly info: DiscoNodeInfo;
}

/** Tells clients in the stream features what the server speaks, as hashes, so that they need not ask again. @see XEP-0115 §6.3, XEP-0390 §5.2 */
export const entityCapabilities: ServerModule = {
  name: 'entity-capabilities',
  features: [CAPS, CAPABILITY_HASHES],
  start({ disco, hooks }) {
    let told: readonly Told[] = [];
    let lookedAt = Number.NEGATIVE_INFINITY;
    const current = (): Told => {
      const now = performance.now();
      const [known] = told;
      if (known && now - lookedAt < FRESH_MS) return known;
      lookedAt = now;
      const info = disco.info('server');
      const query = encodeDiscoInfo(info);
      const text = query.toString();
      if (known?.text === text) return known;
      const fresh = { text, info, ...announcement(query) };
      told = [fresh, ...told].slice(0, ANSWERED);
      return fresh;
    };
    for (const which of [0, 1]) {
      hooks.addStreamFeature(({ authenticated }) => (authenticated ? current().elements[which] : undefined));
    }
    disco.addNode('server', { info: (node) => told.find(({ nodes }) => nodes.has(node))?.info });
  },
};

function announcement(query: Element): Pick<Told, 'elements' | 'nodes'> {
  const caps = { hash: 'sha-1', node: SOFTWARE, ver: digest('sha-1', capsText(query) ?? '') ?? '' } as const;
  const input = capabilityHashInput(query) ?? new Uint8Array(0);
  const hashes = ALGORITHMS.map((algorithm) => ({ algorithm, value: digest(algorithm, input) ?? '' }));
  return {
    elements: [encodeCaps(caps), encodeCapabilityHashes(hashes)],
    nodes: new Set([capsNode(caps), ...hashes.map(capabilityHashNode)]),
  };
}
