export { thingSchemas } from './schemas.ts';
