import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PointListError } from '../point-table.ts';
import { contradiction, dnp3ConfigSchema } from './config.ts';
import { parsePointList } from './point-list.ts';

const LIST = `# Substation, feeder 3
name,kind,index,unit,scale,types,command,operation,min,max,label
"Voltage, busbar",analog,0,V,0.1,momentary,,,,,
Alarm,binary,7,,,status|peak,,,,,

"Say ""go""",binary-output,2,,,,direct,pulse,,,Go
Set-point,analog-output,0,V,,,select,,380,420,
`;

describe('a point list', () => {
  it('has a line for each point', () => {
    const points = parsePointList(LIST);
    expect(points.map(({ name, kind, index }) => [name, kind, index])).toEqual([
      ['Voltage, busbar', 'analog', 0],
      ['Alarm', 'binary', 7],
      ['Say "go"', 'binary-output', 2],
      ['Set-point', 'analog-output', 0],
    ]);
    expect(points[0]).toMatchObject({ unit: 'V', scale: 0.1, types: ['momentary'] });
    expect(points[1]).toMatchObject({ types: ['status', 'peak'] });
    expect(points[1]?.writable).toBeUndefined();
    expect(points[2]?.writable).toMatchObject({ command: 'direct', operation: 'pulse', label: 'Go' });
    expect(points[3]?.writable).toMatchObject({ command: 'select', operation: 'latch', min: 380, max: 420 });
    expect(parsePointList(LIST.replaceAll('\n', '\r\n'))).toEqual(points);
  });

  it.each([
    ['', 'the list is empty'],
    ['name,colour', 'line 1: there is no column "colour" (there are: name, kind,'],
    ['name,kind,index\na,binary,x', 'line 2: index: "x" is no number'],
    ['name,kind,index\na,binary,1\n\nb,bin,1', 'line 4: kind:'],
    ['name,kind,index\na,binary,1,2', 'line 2: 4 cells for 3 columns'],
    ['name,kind,index\na,binary,1\na,binary,2', 'line 3: two points are named "a"'],
    ['name,kind,index,command\na,binary,1,direct', 'line 2: writable: a binary can only be read'],
    ['name,kind,index\n"a,binary,1', 'line 2: a quotation mark is never closed'],
  ])('that is wrong is refused with the line: %j', (text, problem) => {
    expect(() => parsePointList(text)).toThrow(problem);
    expect(() => parsePointList(text)).toThrow(PointListError);
  });

  it('of anything at all ends with points or an error', () => {
    const part = fc.constantFrom('name', 'kind', 'index', ',', '"', '\n', '\r', 'binary', '1', 'x', '#', ' ', '\ufeff');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
        try {
          parsePointList(parts.join(''));
        } catch (error) {
          if (!(error instanceof PointListError)) throw error;
        }
      }),
    );
  });
});

describe('the configuration', () => {
  const config = (changes: object) =>
    dnp3ConfigSchema.parse({ host: 'a', points: [{ name: 'A', kind: 'binary', index: 0 }], ...changes });

  it('needs points, with names of their own', () => {
    expect(() => dnp3ConfigSchema.parse({ host: 'a' })).toThrow('there is no point');
    const point = { name: 'A', kind: 'binary', index: 0 };
    expect(() => config({ points: [point, point] })).toThrow('two points are named');
    expect(() => config({ points: [{ ...point, scale: 2 }] })).toThrow('a binary is no number');
    expect(config({ points: [], pointList: 'points.csv' }).unsolicited).toEqual([1, 2, 3]);
  });

  it('is the same for all Things of an outstation', () => {
    expect(contradiction(config({}), config({ timeoutMs: 100 }))).toBe('timeoutMs');
    expect(contradiction(config({}), config({ timeoutMs: 100, outstation: 11 }))).toBeUndefined();
    expect(contradiction(config({}), config({ maxInFlight: 2, outstation: 11 }))).toBe('maxInFlight');
    expect(contradiction(config({}), config({ maxInFlight: 2, port: 1 }))).toBeUndefined();
    expect(contradiction(config({}), config({ pollMs: 100 }))).toBeUndefined();
  });
});
