import { tableText } from '@thingward/things';
import { describe, expect, it } from 'vitest';
import { parseThing } from './client-session.ts';
import { tailQuery } from './commands/audit.ts';
import { seriesTable } from './commands/history.ts';
import { parseUnits } from './commands/read.ts';
import { parseCondition } from './commands/things.ts';
import { eventWish } from './commands/watch-events.ts';
import { UsageError } from './errors.ts';
import { parseTypes, readoutOptions, readoutWish } from './readout-options.ts';
import { parseDistance, parseTime } from './time-text.ts';

describe('arguments', () => {
  it('addresses of Things', () => {
    expect(parseThing('plc@example.org').jid.toString()).toBe('plc@example.org');
    expect(parseThing('rack@example.org#imc#1').node).toEqual({ nodeId: 'imc#1' });
    expect(() => parseThing('pl c@example.org')).toThrow(UsageError);
  });

  it('times', () => {
    const now = Date.parse('2026-01-01T00:00:00Z');
    expect(parseTime('--from', '90s', now).toISOString()).toBe('2025-12-31T23:58:30.000Z');
    expect(parseTime('--from', '1.5h', now).toISOString()).toBe('2025-12-31T22:30:00.000Z');
    expect(parseTime('--from', '2025-05-01T00:00:00Z').toISOString()).toBe('2025-05-01T00:00:00.000Z');
    expect(parseTime('--when', '+30s', now).toISOString()).toBe('2026-01-01T00:00:30.000Z');
    expect(() => parseTime('--from', 'yesterday')).toThrow(/--from needs a time/);
  });

  it('lengths of time', () => {
    expect(parseDistance('--expires', '90s')).toBe(90_000);
    expect(parseDistance('--expires', '1.5h')).toBe(5_400_000);
    for (const text of ['', '0s', '-1h', '+1h', 'soon', '5']) {
      expect(() => parseDistance('--expires', text)).toThrow(/--expires needs a length of time/);
    }
  });

  it('kinds of fields', () => {
    expect(parseTypes('momentary, status')).toEqual(['momentary', 'status']);
    expect(parseTypes('peak,historical')).toHaveLength(10);
    expect(parseTypes('all')).toHaveLength(14);
    expect(() => parseTypes('momentray')).toThrow(/there are: momentary/);
  });

  it('what to read', () => {
    const wish = (options: Parameters<typeof readoutWish>[2]) =>
      readoutWish(parseThing('rack@example.org#imc'), ['Level'], options);
    expect(wish({})).toMatchObject({ names: ['Level'], nodes: [{ nodeId: 'imc' }], from: undefined });
    // What it is now, unless its past is asked for.
    expect(wish({}).types).toEqual(['momentary', 'peak', 'status', 'computed', 'identity']);
    expect(wish({ from: '1h' }).types).toContain('historicalOther');
    expect(wish({ types: 'historicalDay', from: '1h' }).types).toEqual(['historicalDay']);
    expect(wish({ node: ['pump', 'tank,plc,meter'], userToken: 'u' })).toMatchObject({
      nodes: [{ nodeId: 'imc' }, { nodeId: 'pump' }, { nodeId: 'tank', sourceId: 'plc', cacheType: 'meter' }],
      tokens: { userToken: 'u' },
    });
    expect(() => wish({ node: [',plc'] })).toThrow(UsageError);
    expect(() => wish({ when: 'soon' })).toThrow(UsageError);
    expect(readoutOptions({ timeZone: '+09:00' })).toEqual({ timeZone: '+09:00' });
    expect(() => readoutOptions({ timeZone: 'KST' })).toThrow(UsageError);
  });

  it('history as a table for others', () => {
    const points = [{ timestamp: new Date('2026-01-01T00:00:00Z'), value: '1.50' }];
    const table = seriesTable([{ name: 'Level', type: 'numeric', unit: 'm', points }]);
    expect(tableText(table)).toBe('field  time                       value\nLevel  2026-01-01T00:00:00.000Z  1.50 m');
  });

  it('units', () => {
    expect(parseUnits(['°F', 'kPa'])).toEqual(['°F', 'kPa']);
    expect(() => parseUnits(['furlong'])).toThrow(/no unit that is known/);
  });

  it('events to be shown', () => {
    expect(tailQuery({ type: 'warning', level: 'MAJOR', sender: 'plc@example.org' })).toMatchObject({
      leastType: 'Warning',
      leastLevel: 'Major',
    });
    expect(() => tailQuery({ type: 'bad' })).toThrow(/--type is one of Debug/);
    expect(() => tailQuery({ sender: '@' })).toThrow(UsageError);
  });

  it('changes to be told of', () => {
    const wish = { types: [], names: ['Level'], nodes: [], intervalMs: 1000 };
    expect(eventWish({ changedUp: '0.5', maxInterval: '60' }, wish)).toMatchObject({
      fields: [{ name: 'Level', changedUp: 0.5, changedBy: undefined }],
      minInterval: { months: 0, milliseconds: 1000 },
      maxInterval: { months: 0, milliseconds: 60_000 },
      needsEvents: true,
    });
    expect(eventWish({}, wish)).toMatchObject({ needsEvents: false, maxInterval: undefined });
    expect(() => eventWish({ changedBy: '0' }, wish)).toThrow(UsageError);
    expect(() => eventWish({ changedBy: '1' }, { ...wish, names: [] })).toThrow(/name them/);
  });

  it.each([
    ['MAN=example.org', { operator: 'strEq', name: 'MAN', value: 'example.org' }],
    ['V=1.2', { operator: 'numEq', name: 'V', value: 1.2 }],
    ['V>=1', { operator: 'numGtEq', name: 'V', value: 1 }],
    ['LAT<-33', { operator: 'numLt', name: 'LAT', value: -33 }],
    ['MODEL!=X', { operator: 'strNEq', name: 'MODEL', value: 'X' }],
    ['SN=394*', { operator: 'strMask', name: 'SN', value: '394*', wildcard: '*' }],
    ['NAME=', { operator: 'strEq', name: 'NAME', value: '' }],
  ])('condition %s', (text, operator) => {
    expect(parseCondition(text)).toEqual(operator);
  });

  it('refuses what is no condition', () => {
    expect(() => parseCondition('MAN')).toThrow(UsageError);
    expect(() => parseCondition('=x')).toThrow(UsageError);
  });
});
