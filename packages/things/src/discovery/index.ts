export {
  claimThing,
  disownThing,
  registerThing,
  removeThing,
  searchThings,
  unregisterThing,
  updateThing,
} from './client.ts';
export * from './codec.ts';
export * from './dialects.ts';
export * from './find-registry.ts';
export * from './iot-disco.ts';
export * from './meta-data.ts';
export * from './meta-tag.ts';
export * from './predefined-tags.ts';
export * from './search.ts';
