export { thingSchemas } from './schemas.ts';
export { TokenIdentityError, tokenIdentityOf } from './token-identity.ts';
