import { createHash } from 'node:crypto';
import type { Element } from '@thingward/xml';
import {
  type CapabilityHash,
  type Caps,
  capabilityHashInput,
  capabilityHashNode,
  capsNode,
  capsText,
  findCapabilityHashes,
  findCaps,
} from '@thingward/xmpp';

/** Hash functions by their registered name, with that of Node. The weakest has been broken, and is what most clients use in XEP-0115. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  'sha-1': 'sha1',
  'sha-256': 'sha256',
  'sha-512': 'sha512',
  'sha3-256': 'sha3-256',
  'sha3-512': 'sha3-512',
};

/** What somebody says of its capabilities, in whichever of the two ways. */
export interface AnnouncedCapabilities {
  /** The same for all that have the same. */
  readonly key: string;
  /** The disco#info node to ask for. */
  readonly node: string;
  /** Is that the answer that was announced? @param language of the stanza it came in */
  isTrue(query: Element, language: string | undefined): boolean;
}

/** The capabilities that a presence announces, by XEP-0390 where it does, else by XEP-0115; undefined when it announces none that can be verified. */
export function announcedCapabilities(presence: Element): AnnouncedCapabilities | undefined {
  const strong = findCapabilityHashes(presence).find(
    ({ algorithm }) => algorithm !== 'sha-1' && Object.hasOwn(FUNCTIONS, algorithm),
  );
  if (strong) return byHash(strong);
  const caps = findCaps(presence);
  return caps && byVerificationString(caps);
}

/** The Base64 of a hash; undefined when the function is not known. */
export function digest(algorithm: string, input: string | Uint8Array): string | undefined {
  const name = Object.hasOwn(FUNCTIONS, algorithm) ? FUNCTIONS[algorithm] : undefined;
  return name && createHash(name).update(input).digest('base64');
}

function byHash(hash: CapabilityHash): AnnouncedCapabilities {
  const node = capabilityHashNode(hash);
  return {
    key: node,
    node,
    isTrue: (query, language) => {
      const input = capabilityHashInput(query, language);
      return input !== undefined && digest(hash.algorithm, input) === hash.value;
    },
  };
}

function byVerificationString(caps: Caps): AnnouncedCapabilities {
  return {
    key: `${caps.hash} ${caps.ver}`,
    node: capsNode(caps),
    isTrue: (query) => {
      const text = capsText(query);
      return text !== undefined && digest(caps.hash, text) === caps.ver;
    },
  };
}
