/** The schema of a dedicated port before anything is negotiated: streams, and the elements of XEP-0322. @see XEP-0322 §3.14 */
export const DEFAULT_SCHEMA_ID = 'urn:xmpp:exi:default';

/** Before the identifier of a configuration, as the schemaId that asks for it in an EXI header. @see XEP-0322 §3.11.1, §3.15 */
const CONFIGURATION_PREFIX = 'c:';

/** The schemaId that stands for a configuration agreed on before. */
export function configurationSchemaId(configurationId: string): string {
  return CONFIGURATION_PREFIX + configurationId;
}

/** The configuration that a schemaId stands for; undefined when it stands for a schema. */
export function configurationOfSchemaId(schemaId: string): string | undefined {
  return schemaId.startsWith(CONFIGURATION_PREFIX) ? schemaId.slice(CONFIGURATION_PREFIX.length) : undefined;
}
