/* What tests use beside the public interface. */
export * from '../src/index.ts';
export { layoutOf } from '../src/object-header.ts';
