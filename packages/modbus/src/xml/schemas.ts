/** The folder of the schemas, one file for each namespace. The package ships its sources: from src/xml and from dist/xml it is the same. */
export const MODBUS_SCHEMAS = new URL('../../src/xml/', import.meta.url);
