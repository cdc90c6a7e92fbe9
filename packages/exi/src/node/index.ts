export { nodeDeflate } from './deflate.ts';
export { difference, type InfosetOptions, infoset } from './infoset.ts';
export { loadGrammars, loadSchema } from './load-grammars.ts';
export {
  readManifest,
  type Vector,
  type VectorOptions,
  type VectorResult,
  VectorVerifier,
  verifyManifest,
} from './verify-manifest.ts';
