/** A tag whose meaning XEP-0347 fixes. */
export interface PredefinedTag {
  readonly name: string;
  readonly type: 'str' | 'num';
  readonly meaning: string;
}

/** @see XEP-0347 §5.2 */
export const PREDEFINED_TAGS: readonly PredefinedTag[] = [
  { name: 'ALT', type: 'num', meaning: 'altitude in metres' },
  { name: 'APT', type: 'str', meaning: 'apartment' },
  { name: 'AREA', type: 'str', meaning: 'area' },
  { name: 'BLD', type: 'str', meaning: 'building' },
  { name: 'CITY', type: 'str', meaning: 'city' },
  { name: 'CLASS', type: 'str', meaning: 'class of Thing' },
  { name: 'COUNTRY', type: 'str', meaning: 'country' },
  { name: 'KEY', type: 'str', meaning: 'what only the Thing and its owner know' },
  { name: 'LAT', type: 'num', meaning: 'latitude in degrees' },
  { name: 'LON', type: 'num', meaning: 'longitude in degrees' },
  { name: 'MAN', type: 'str', meaning: 'domain name of the manufacturer' },
  { name: 'MLOC', type: 'str', meaning: 'location of a meter' },
  { name: 'MNR', type: 'str', meaning: 'number of a meter' },
  { name: 'MODEL', type: 'str', meaning: 'name of the model' },
  { name: 'NAME', type: 'str', meaning: 'name' },
  { name: 'PURL', type: 'str', meaning: 'URL of information about the product' },
  { name: 'REGION', type: 'str', meaning: 'region' },
  { name: 'ROOM', type: 'str', meaning: 'room' },
  { name: 'SN', type: 'str', meaning: 'serial number' },
  { name: 'STREET', type: 'str', meaning: 'street' },
  { name: 'STREETNR', type: 'str', meaning: 'number in the street' },
  { name: 'V', type: 'num', meaning: 'version' },
];
