import type { DocumentContent } from '@thingward/things';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PointListError } from '../drivers/point-table.ts';
import {
  pointListOf,
  pointListProblem,
  registerMapOf,
  registerMapProblem,
  withListedPoints,
  withRegisterMap,
} from './point-documents.ts';

const text = (value: string): DocumentContent => ({ form: 'text', text: value });
const CSV = 'name,table,address,type,writable\nLevel,input-register,0,uint16,\nSpeed,holding-register,1,int16,yes\n';
const JSON_MAP = JSON.stringify({
  pollGroups: { fast: 100 },
  points: [
    { name: 'Level', table: 'input-register', address: 0, type: 'uint16', pollGroup: 'fast' },
    { name: 'Speed', table: 'holding-register', address: 1, type: 'int16', writable: { min: 0, max: 9 } },
  ],
});
const POINTS = 'name,kind,index,command\nLevel,analog,0,\nBreaker,binary-output,1,select\n';

describe('register maps of the broker', () => {
  test('are read from CSV and JSON', () => {
    const csv = registerMapOf(text(CSV), 'text/csv; charset=utf-8');
    expect(csv.points.map(({ name, type }) => `${name} ${type}`)).toEqual(['Level uint16', 'Speed int16']);
    expect(csv.pollGroups).toEqual({});
    const json = registerMapOf(text(JSON_MAP), 'application/json');
    expect(json).toMatchObject({
      pollGroups: { fast: 100 },
      points: [{ pollGroup: 'fast' }, { writable: { max: 9 } }],
    });
    expect(registerMapOf(text('{ "points": [] }'), 'application/json')).toEqual({ points: [], pollGroups: {} });
    const octets = { form: 'octets', octets: new TextEncoder().encode(CSV) } as const;
    expect(registerMapOf(octets, 'text/csv').points).toHaveLength(2);
  });

  test('go with the points of the configuration, and are read-only unless it says otherwise', () => {
    const own = registerMapOf(text('name,table,address\nPump,coil,0\n'), 'text/csv');
    const config = { points: [...own.points], pollGroups: { default: 1000 }, host: 'plc' };
    const map = registerMapOf(text(JSON_MAP), 'application/json');
    const safe = withRegisterMap(config, map, false);
    expect(safe.points.map(({ name, writable }) => [name, writable !== undefined])).toEqual([
      ['Pump', false],
      ['Level', false],
      ['Speed', false],
    ]);
    expect(safe).toMatchObject({ host: 'plc', pollGroups: { default: 1000, fast: 100 } });
    expect(withRegisterMap(config, map, true).points[2]?.writable).toEqual({ min: 0, max: 9 });
    expect(() => withRegisterMap(config, own, true)).toThrow('two points are named "Pump"');
    expect(() => withRegisterMap({ ...config, pollGroups: {} }, own, true)).toThrow(PointListError);
  });

  test.each([
    ['another media type', CSV, 'text/plain', /^it is text\/plain: expected text\/csv, application\/json/],
    ['a media type that objects have', CSV, 'constructor', /^it is constructor/],
    ['a line that is wrong', 'name,table,address\nA,coil,x\n', 'text/csv', /^line 2: address: "x" is no number/],
    ['two of a name', 'name,table,address\nA,coil,0\nA,coil,1\n', 'text/csv', /two points are named "A"/],
    ['JSON that is none', '{ "points": [', 'application/json', /JSON/],
    ['JSON that is too deep', '['.repeat(131_000), 'application/json', /./],
    ['YAML', 'points: []', 'application/yaml', /^it is application\/yaml/],
    ['a key that is not known', '{ "points": [], "colour": 1 }', 'application/json', /colour/],
    ['a list of nothing', '[]', 'application/json', /./],
    [
      'a point that is wrong',
      '{ "points": [{ "name": "A", "table": "coil", "address": 70000 }] }',
      'application/json',
      /points\.0\.address/,
    ],
    ['nothing', '', 'text/csv', /the list is empty/],
  ])('are refused with a reason: %s', (_, content, mediaType, reason) => {
    expect(registerMapProblem(text(content), mediaType)).toMatch(reason);
  });

  test('are refused when they are not in UTF-8', () => {
    expect(registerMapProblem({ form: 'octets', octets: Uint8Array.of(0xff) }, 'text/csv')).toBe('it is not in UTF-8');
  });

  test('are read or refused, whatever they are', () => {
    const pieces = fc.array(fc.constantFrom(...CSV.split(/\b/), ...JSON_MAP.split(/\b/), '"', '__proto__'));
    const notation = fc.constantFrom('text/csv', 'application/json');
    fc.assert(
      fc.property(
        fc.oneof(
          pieces.map((parts) => parts.join('')),
          fc.string({ unit: 'binary' }),
        ),
        notation,
        (value, type) => {
          for (const problem of [registerMapProblem, pointListProblem]) {
            expect(['string', 'undefined']).toContain(typeof problem(text(value), type));
          }
        },
      ),
    );
  });
});

describe('point lists of the broker', () => {
  test('are read, and go with those of the configuration', () => {
    const points = pointListOf(text(POINTS), 'text/csv');
    expect(points.map(({ name, kind }) => `${name} ${kind}`)).toEqual(['Level analog', 'Breaker binary-output']);
    const flow = '{ "points": [{ "name": "Flow", "kind": "analog", "index": 3 }] }';
    const json = pointListOf(text(flow), 'application/json');
    const all = withListedPoints(json, points, false);
    expect(all.map(({ name, writable }) => [name, writable !== undefined])).toEqual([
      ['Flow', false],
      ['Level', false],
      ['Breaker', false],
    ]);
    expect(withListedPoints(json, points, true)[2]?.writable).toMatchObject({ command: 'select' });
    expect(() => withListedPoints(points, points, true)).toThrow('two points are named "Level"');
    expect(pointListProblem(text('name,kind\n'), 'text/csv')).toBeUndefined();
    expect(pointListProblem(text(CSV), 'text/csv')).toMatch(/^line 1: there is no column "table"/);
  });
});
