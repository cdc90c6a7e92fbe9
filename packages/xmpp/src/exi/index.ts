export * from './md5.ts';
export * from './schema-catalogue.ts';
export * from './schema-identity.ts';
