import { expect, it } from 'vitest';
import { identityFields } from './identity.ts';

it('says what the meta tags say, but for the KEY', () => {
  const fields = identityFields(
    [
      { name: 'NAME', type: 'str', value: 'Tank' },
      { name: 'V', type: 'num', value: 1.2 },
      { name: 'ROOM', type: 'str', value: '12' },
      { name: 'KEY', type: 'str', value: 'secret' },
    ],
    new Date(0),
  );
  expect(fields.map(({ name, value, types }) => [name, value.value, types])).toEqual([
    ['Name', 'Tank', ['identity']],
    ['Version', '1.2', ['identity']],
  ]);
});
