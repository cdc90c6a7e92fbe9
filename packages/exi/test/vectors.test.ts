import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readManifest, VectorVerifier } from '../src/node/index.ts';

const FOLDER = fileURLToPath(new URL('./vectors/', import.meta.url));
const VECTORS = readManifest(`${FOLDER}manifest.json`);
const GROUPS = [...new Set(VECTORS.map(({ group }) => group))];

describe.each(GROUPS)('reference vectors: %s', (group) => {
  const verifier = new VectorVerifier(FOLDER);

  it.each(VECTORS.filter((vector) => vector.group === group).map((vector) => [vector.exi, vector] as const))(
    '%s',
    (_, vector) => {
      const { decodeFailure, encodeFailure } = verifier.verify(vector);
      expect({ decodeFailure, encodeFailure }).toEqual({ decodeFailure: undefined, encodeFailure: undefined });
    },
  );
});

describe('the manifest', () => {
  it('holds vectors of every group', () => {
    expect(VECTORS.length).toBeGreaterThan(700);
    expect(GROUPS).toEqual(expect.arrayContaining(['generic', 'typed', 'facets', 'structure', 'xmpp-iot']));
  });
});
