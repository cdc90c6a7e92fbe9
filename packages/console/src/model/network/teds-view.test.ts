import { decodeTeds, encodeTeds, TEDS_CLASSES, type Teds, tedsFromJson } from '@thingward/ieee1451';
import { describe, expect, it } from 'vitest';
import { octetLines, type TedsFieldView, tedsView } from './teds-view.ts';
import { fieldLabel, TEDS_WORDS } from './teds-words.ts';

const SAMPLE = {
  name: 'sample',
  fields: [
    { name: 'dataModel', value: 'float32' },
    { name: 'modelLength', value: 4 },
  ],
};

function channel(...fields: readonly object[]): Teds {
  const all = [{ name: 'channelType', value: 'sensor' }, ...fields];
  return decodeTeds(encodeTeds(tedsFromJson({ teds: 'transducer-channel', member: 255, version: 2, fields: all })));
}

function line({ label, depth, value, unit }: TedsFieldView): string {
  return `${'  '.repeat(depth)}${label}: ${value ?? ''} ${unit ?? ''}`.trimEnd();
}

describe('tedsView', () => {
  it('names fields and their units, and says what they mean', () => {
    const units = { name: 'physicalUnits', units: 'K' };
    const limits = [
      { name: 'lowLimit', value: 273.15 },
      { name: 'worstCaseUncertainty', value: 0.1 },
    ];
    const { title, edition, fields, problems, problemCount } = tedsView(channel(units, ...limits, SAMPLE));
    expect([title, edition]).toEqual(['TransducerChannel TEDS', 'IEEE 1451.0, identification of 2024, version 2']);
    expect(fields.map(line)).toEqual([
      'Channel type: sensor',
      'Physical units: K',
      'Low limit: 273.15 K',
      'Worst-case uncertainty: 0.1 K',
      'Sample:',
      '  Data model: float32',
      '  Model length: 4',
    ]);
    expect(fields.every(({ meaning }) => meaning !== undefined)).toBe(true);
    expect(fields[1]?.units?.powers).toHaveLength(1);
    expect(problems).toEqual([]);
    expect(problemCount).toBe(0);
  });

  it('shows what is wrong at its field and octet, and what is missing with the TEDS', () => {
    const broken = { name: 'physicalUnits', octets: '0080' };
    const view = tedsView(channel(broken, { name: 'lowLimit', value: 1 }, { name: 'lowLimit', value: 2 }));
    const wrong = view.fields.filter(({ problems }) => problems.length > 0);
    expect(wrong.map(({ path, offset }) => [path, offset])).toEqual([
      ['physicalUnits', 14],
      ['lowLimit', 24],
    ]);
    expect(wrong[1]?.problems).toEqual(['is there twice']);
    expect(view.problems).toEqual(['sample is missing (type 18)']);
    expect(view.problemCount).toBe(3);
    for (const { offset, octets } of view.fields) {
      expect(octetsAt(view.octets, offset, octets.length / 2)).toBe(octets);
    }
  });

  it('shows octets that nobody knows, as text where they are text', () => {
    const view = tedsView(channel({ type: 200, octets: 'beef' }, { type: 201, octets: '746573742072696720' }));
    expect(view.fields.map(({ label, value }) => [label, value]).slice(1)).toEqual([
      ['Field 200', 'be ef'],
      ['Field 201', 'test rig '],
    ]);
  });

  it('shows a TEDS of a maker, and one that can’t be written down', () => {
    expect(tedsView(tedsFromJson({ teds: '200', fields: [] })).title).toBe('TEDS with access code 200');
    const impossible: Teds = { ...channel(), fields: [{ type: 13, name: 'lowLimit', value: 'warm' }] };
    const view = tedsView(impossible);
    expect(view.octets).toBeUndefined();
    expect(view.problems[0]).toMatch(/lowLimit is warm/);
  });

  it('has words for every TEDS of the standard', () => {
    for (const name of Object.values(TEDS_CLASSES)) expect(TEDS_WORDS[name]?.title).toMatch(/TEDS$/);
  });

  it('makes words of the names of the standard', () => {
    expect(['uuid', 'triggerToSampleUncertainty', 'selfTestTime'].map(fieldLabel)).toEqual([
      'UUID',
      'Trigger to sample uncertainty',
      'Self-test time',
    ]);
  });
});

describe('octetLines', () => {
  it('has sixteen octets to a line', () => {
    const lines = octetLines(new Uint8Array(20).fill(0x41, 0, 2));
    expect(lines).toEqual([
      { offset: '0000', hex: `41 41${' 00'.repeat(14)}`, text: `AA${'·'.repeat(14)}` },
      { offset: '0016', hex: '00 00 00 00', text: '····' },
    ]);
  });
});

function octetsAt(octets: Uint8Array | undefined, offset: number, count: number): string {
  return Buffer.from(octets?.subarray(offset, offset + count) ?? []).toString('hex');
}
