/** Of all our XML payloads; their schema is `schema.xsd`. */
export const IEEE1451_NAMESPACE = 'urn:thingward:ieee1451:1';
