/** The directory of the schema of all payloads in `urn:thingward:ieee1451:1`, from which EXI grammars are made. */
export const IEEE1451_SCHEMAS = new URL('../src/', import.meta.url);
