import { describe, expect, it } from 'vitest';
import { parseDeviceList, parseTag, withKey } from './device-list.ts';

const localpart = (name: string) => (/^[a-z\d]+$/i.test(name) ? name.toLowerCase() : undefined);
const parse = (text: string, ...more: string[]) => parseDeviceList(text, 'x.csv', localpart, more.map(parseTag));

describe('a list of devices', () => {
  it('has a name for each, and tags in all other columns', () => {
    expect(parse('Name,Label,sn,v,#size\nPump1,The pump,007,1.2,3\npump2,,008,,\n', 'MAN=example.org', 'SN=0')).toEqual(
      [
        {
          line: 2,
          localpart: 'pump1',
          label: 'The pump',
          password: undefined,
          tags: [
            { name: 'MAN', type: 'str', value: 'example.org' },
            { name: 'SN', type: 'str', value: '007' },
            { name: 'V', type: 'num', value: 1.2 },
            { name: 'SIZE', type: 'num', value: 3 },
          ],
        },
        {
          line: 3,
          localpart: 'pump2',
          label: 'pump2',
          password: undefined,
          tags: [
            { name: 'MAN', type: 'str', value: 'example.org' },
            { name: 'SN', type: 'str', value: '008' },
          ],
        },
      ],
    );
  });

  it.each([
    ['', 'the file is empty'],
    ['name\n', 'there is no device'],
    ['label,SN\na,1\n', 'x.csv:1: there is no column "name"'],
    ['name,SN,#sn\na,1,2\n', 'x.csv:1: the column "SN" is there twice'],
    ['name,S N\na,1\n', 'x.csv:1: "S N" can\'t be a column'],
    ['name\na b\n', 'x.csv:2: "a b" can\'t be the name of an account'],
    ['name,SN\n,1\n', 'x.csv:2: a name is needed'],
    ['name\na\nb\nA\n', 'x.csv:4: a is in line 2 already'],
    ['name,SN\na\n', 'x.csv:2: 1 values, but there are 2 columns'],
    ['name,V\na,one\n', 'x.csv:2: tag V needs a number, got "one"'],
    [`name,SN\na,${'x'.repeat(200)}\n`, 'x.csv:2: the value of tag SN has more than the 128 characters'],
    ['name,password\na,\u0007\n', 'x.csv:2: this can’t be a password'],
    ['name\n"a', 'x.csv: line 2: a quoted value does not end'],
  ])('%j is refused', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  it('tells of all that is wrong at once', () => {
    expect(() => parse('name,V\na b,1\nc,x\n')).toThrow(/x\.csv:2: .*\nx\.csv:3: .*\nno device was enrolled$/);
  });

  it('gets KEYs of 128 random bits where it has none', () => {
    const [tag] = withKey([], undefined);
    expect(tag?.value).toMatch(/^[\da-f]{32}$/);
    expect(withKey([], undefined)).not.toEqual([tag]);
    expect(withKey([], 'former')).toEqual([{ name: 'KEY', type: 'str', value: 'former' }]);
    const own = [parseTag('KEY=mine')];
    expect(withKey(own, 'former')).toEqual(own);
  });
});
