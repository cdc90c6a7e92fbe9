import { describe, expect, it } from 'vitest';
import { tedsFromJson } from './json.ts';
import { type FieldPlaces, tedsPlaces } from './places.ts';
import { encodeTeds } from './teds.ts';

const channel = {
  teds: 'transducer-channel',
  fields: [
    { name: 'channelType', value: 'sensor' },
    { name: 'physicalUnits', units: 'K' },
    {
      name: 'sample',
      fields: [
        { name: 'dataModel', value: 'float32' },
        { name: 'modelLength', value: 4 },
      ],
    },
    { type: 200, octets: 'beef' },
  ],
};

function flat({ fields }: FieldPlaces): FieldPlaces['fields'] {
  return fields.flatMap((place) => [place, ...(place.inside ? flat(place.inside) : [])]);
}

describe('places of fields', () => {
  it.each([
    ['2007', {}],
    ['2024', { member: 255 }],
    ['with lengths of two octets', { tupleLength: 2 }],
    ['with lengths other than the tuple length', { tupleLength: 2, lengthOctets: 1 }],
  ])('say where the octets of a field are in the TEDS: %s', (_, rest) => {
    const teds = tedsFromJson({ ...channel, ...rest });
    const octets = encodeTeds(teds);
    const places = flat(tedsPlaces(teds));
    expect(places.map(({ path }) => path)).toEqual([
      'channelType',
      'physicalUnits',
      'sample',
      'sample.dataModel',
      'sample.modelLength',
      'field 200',
    ]);
    for (const place of places) {
      expect(octets.subarray(place.offset, place.offset + place.octets.length)).toEqual(place.octets);
      expect(place.octets[0]).toBe(place.field.type);
    }
  });
});
