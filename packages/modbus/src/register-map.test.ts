import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRegisters, encodeRegisters, type PointAddress, pointLength } from './register-map.ts';

describe('register map', () => {
  const at = (point: Partial<PointAddress>): PointAddress => ({
    table: 'input-register',
    address: 0,
    type: 'uint16',
    ...point,
  });

  it.each([
    [{ type: 'int16', scale: 0.1 }, [215], '21.5'],
    [{ type: 'int16', scale: 0.1 }, [0xffff], '-0.1'],
    [{ type: 'uint16', scale: 0.01, offset: -40 }, [6150], '21.50'],
    [{ type: 'uint32', wordOrder: 'little', scale: 0.001 }, [0x86a0, 0x0001], '100.000'],
    [{ type: 'int32' }, [0xffff, 0xfffe], '-2'],
    [{ type: 'uint64' }, [0xffff, 0xffff, 0xffff, 0xffff], '18446744073709551615'],
    [{ type: 'float32', decimals: 2 }, [0x42c8, 0x0000], '100.00'],
    [{ type: 'float32' }, [0x3dcc, 0xcccd], '0.1'],
    [{ type: 'float32', byteOrder: 'little', wordOrder: 'little' }, [0x0000, 0xc842], '100'],
    [{ type: 'uint16', scale: 1000 }, [3], '3000'],
    [{ type: 'uint16', scale: 1e-7 }, [3], '0.0000003'],
    [{ type: 'float32' }, [0x4b7f, 0xffff], '16777215'],
    [{ type: 'float32', scale: 0.1 }, [0x4157, 0x999a], '1.3475'],
    [{ type: 'float32', decimals: 1 }, [0x8000, 0x0000], '0.0'],
    [{ type: 'float32', decimals: 1 }, [0xbc23, 0xd70a], '0.0'],
    [{ type: 'float64', decimals: 2 }, [0x3ff0, 0x147a, 0xe147, 0xae14], '1.01'],
  ] as const)('%j in %j is %s', (point, registers, text) => {
    expect(decodeRegisters(at(point), registers)).toEqual({ kind: 'number', text });
  });

  it('reads bits, strings and floats that are not numbers', () => {
    expect(decodeRegisters(at({ type: 'bool', bit: 3 }), [0b1000])).toEqual({ kind: 'boolean', value: true });
    expect(decodeRegisters(at({ type: 'bool', bit: 9 }), [0x0200])).toEqual({ kind: 'boolean', value: true });
    expect(decodeRegisters(at({ type: 'string', length: 2 }), [0x4142, 0x4300])).toEqual({
      kind: 'text',
      value: 'ABC',
    });
    expect(decodeRegisters(at({ type: 'float32' }), [0x7fc0, 0])).toBeUndefined();
    expect(decodeRegisters(at({ type: 'float64', scale: 10 }), [0x7fef, 0xffff, 0xffff, 0xffff])).toBeUndefined();
  });

  it('refuses what does not fit', () => {
    const number = (text: string) => ({ kind: 'number', text }) as const;
    expect(() => encodeRegisters(at({ type: 'int16', scale: 0.1 }), number('4000'))).toThrowError(
      'the int16 holds -3276.8 to 3276.7, not 4000',
    );
    expect(() => encodeRegisters(at({}), number('-1'))).toThrowError(expect.objectContaining({ code: 'out-of-range' }));
    expect(() => encodeRegisters(at({}), number('x'))).toThrowError(/no number/);
    for (const text of ['', ' ', '0x10', 'NaN', 'Infinity', '1e999999999', '.']) {
      expect(() => encodeRegisters(at({}), number(text))).toThrowError(/no number/);
    }
    expect(() => encodeRegisters(at({ scale: -0.5 }), number('1'))).toThrowError(
      'the uint16 holds -32767.5 to 0.0, not 1',
    );
    expect(() => encodeRegisters(at({ type: 'float32' }), number('1e39'))).toThrowError(/too large for a float32/);
    expect(() => encodeRegisters(at({ type: 'string', length: 1 }), { kind: 'text', value: 'ABC' })).toThrowError(
      /at most 2 characters/,
    );
  });

  it('refuses a value of another kind', () => {
    const refused = expect.objectContaining({ code: 'out-of-range' });
    const values = {
      number: { kind: 'number', text: '1' },
      boolean: { kind: 'boolean', value: true },
      text: { kind: 'text', value: '1' },
    } as const;
    for (const [type, kinds] of [
      ['bool', ['number', 'text']],
      ['uint16', ['boolean', 'text']],
      ['float32', ['boolean', 'text']],
      ['string', ['number', 'boolean']],
    ] as const) {
      for (const kind of kinds) expect(() => encodeRegisters(at({ type }), values[kind])).toThrowError(refused);
    }
  });

  it('does not read a value from more or fewer registers than it has', () => {
    for (const registers of [[], [1], [1, 2, 3]]) {
      expect(() => decodeRegisters(at({ type: 'uint32' }), registers)).toThrowError(
        expect.objectContaining({ code: 'malformed-pdu' }),
      );
    }
  });

  it('keeps the other bits of a register, in either order of its bytes', () => {
    const order = fc.constantFrom('big', 'little');
    const word = fc.integer({ min: 0, max: 0xffff });
    fc.assert(
      fc.property(order, fc.integer({ min: 0, max: 15 }), word, fc.boolean(), (byteOrder, bit, current, value) => {
        const bits = Array.from({ length: 16 }, (_, i) =>
          at({ type: 'bool', bit: i, byteOrder } as Partial<PointAddress>),
        );
        const written = encodeRegisters(bits[bit] as PointAddress, { kind: 'boolean', value }, [current]);
        for (const [i, point] of bits.entries()) {
          const expected = i === bit ? { kind: 'boolean', value } : decodeRegisters(point, [current]);
          expect(decodeRegisters(point, written)).toEqual(expected);
        }
      }),
    );
  });

  it('loses no digit of 64-bit integers on the way there and back', () => {
    const raw = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n });
    fc.assert(
      fc.property(raw, fc.constantFrom(1, 0.1, 0.001, 1000, 0.25), (value, scale) => {
        const point = at({ type: 'int64', scale, offset: -40 });
        const registers = [48n, 32n, 16n, 0n].map((shift) => Number((BigInt.asUintN(64, value) >> shift) & 0xffffn));
        const read = decodeRegisters(point, registers);
        expect(encodeRegisters(point, read as NonNullable<typeof read>)).toEqual(registers);
      }),
    );
  });

  it('shows every float with digits that make the same float again', () => {
    const types = fc.constantFrom('float32', 'float64');
    const words = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(types, words, (type, all) => {
        const point = at({ type } as Partial<PointAddress>);
        const registers = all.slice(0, pointLength(point));
        const value = decodeRegisters(point, registers);
        const isNegativeZero = registers[0] === 0x8000 && registers.slice(1).every((word) => word === 0);
        if (value && !isNegativeZero) expect(encodeRegisters(point, value)).toEqual(registers);
      }),
    );
  });

  it('whatever registers hold, there is a value with a finite number, or none', () => {
    const types = fc.constantFrom('int16', 'uint64', 'float32', 'float64', 'string', 'bool');
    const words = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(types, words, fc.double({ noNaN: true, min: -1e9, max: 1e9 }), (type, registers, offset) => {
        const point = at({ type, length: 4, offset } as Partial<PointAddress>);
        const value = decodeRegisters(point, registers.slice(0, pointLength(point)));
        if (value?.kind === 'number') expect(Number(value.text)).toSatisfy(Number.isFinite);
      }),
    );
  });

  it('keeps strings, in any order of bytes and words', () => {
    const order = fc.constantFrom('big', 'little');
    const text = fc.string({ unit: fc.constantFrom('A', 'é', '0', '°'), maxLength: 5 });
    fc.assert(
      fc.property(text, order, order, (value, byteOrder, wordOrder) => {
        const point = at({ type: 'string', length: 5, byteOrder, wordOrder } as Partial<PointAddress>);
        const registers = encodeRegisters(point, { kind: 'text', value });
        expect(decodeRegisters(point, registers)).toEqual({ kind: 'text', value });
      }),
    );
  });

  it('what is written is read back', () => {
    const types = fc.constantFrom('int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64');
    const order = fc.constantFrom('big', 'little');
    fc.assert(
      fc.property(types, order, order, fc.integer({ min: 0, max: 32767 }), (type, byteOrder, wordOrder, raw) => {
        const point = at({ type, byteOrder, wordOrder, scale: 0.1, offset: 2 } as Partial<PointAddress>);
        const text = ((raw + 20) / 10).toFixed(1);
        const registers = encodeRegisters(point, { kind: 'number', text });
        expect(decodeRegisters(point, registers)).toEqual({ kind: 'number', text });
      }),
    );
  });
});
