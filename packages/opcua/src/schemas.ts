/** The folder of the schema, `schema.xsd`. The package ships its sources: from src and from dist it is the same. */
export const OPCUA_SCHEMAS = new URL('../src/', import.meta.url);
