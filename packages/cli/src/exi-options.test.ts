import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { UsageError } from './errors.ts';
import { parseExiLimits, parseExiOptions, parseRepresentation, withExiOptions } from './exi-options.ts';

const parse = (...args: string[]) => {
  const command = withExiOptions(new Command()).exitOverride();
  command.parse(args, { from: 'user' });
  return parseExiOptions(command.opts());
};

describe('options of EXI on the command line', () => {
  it('have the names of the options document', () => {
    expect(parse()).toMatchObject({ alignment: 'bit-packed', strict: false, fragment: false, preserve: {} });
    expect(
      parse(
        ...['--alignment', 'pre-compression', '--strict', '--fragment', '--preserve', 'lexicalValues, pis'],
        ...['--blockSize', '10', '--valueMaxLength', '0', '--valuePartitionCapacity', '64', '--schemaId', 'urn:x'],
      ),
    ).toMatchObject({
      alignment: 'pre-compression',
      strict: true,
      fragment: true,
      preserve: { lexicalValues: true, pis: true },
      blockSize: 10,
      valueMaxLength: 0,
      valuePartitionCapacity: 64,
      schemaId: 'urn:x',
    });
    expect(parse('--compression')).toMatchObject({ alignment: 'compression' });
    expect(parse('--selfContained', 'a,b').selfContained).toBe(true);
  });

  it('raise limits by their names', () => {
    expect(parseExiLimits()).toEqual({});
    expect(parseExiLimits(['maxEvents=5000000', 'maxDepth=3'])).toEqual({ maxEvents: 5_000_000, maxDepth: 3 });
    expect(() => parseExiLimits(['events=3'])).toThrow(/--limit does not know "events"; there are: maxDepth/);
    for (const wrong of ['maxEvents', 'maxEvents=', 'maxEvents=1=2', 'maxEvents=many', 'maxEvents=0']) {
      expect(() => parseExiLimits([wrong])).toThrow(UsageError);
    }
  });

  it('say what is wrong with them', () => {
    expect(() => parse('--alignment', 'bits')).toThrow(/--alignment does not know "bits"; there are: bit-packed/);
    expect(() => parse('--compression', '--alignment', 'byte-packed')).toThrow(/--compression excludes/);
    expect(() => parse('--preserve', 'everything')).toThrow(/there are: comments, pis/);
    expect(() => parse('--blockSize', '0')).toThrow(/whole number from 1/);
    expect(() => parse('--valueMaxLength', '-1')).toThrow(UsageError);
  });

  it('name types by prefix or namespace', () => {
    expect(parseRepresentation('xsd:decimal=exi:string')).toEqual({
      type: { namespace: 'http://www.w3.org/2001/XMLSchema', name: 'decimal' },
      representation: { namespace: 'http://www.w3.org/2009/exi', name: 'string' },
    });
    expect(parseRepresentation('{urn:a=b}T=exi:integer').type).toEqual({ namespace: 'urn:a=b', name: 'T' });
    expect(() => parseRepresentation('decimal=string')).toThrow(/needs TYPE=REPRESENTATION/);
  });
});
