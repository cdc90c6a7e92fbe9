import { BASE_UNITS, DERIVED_UNITS, unitsFromUcum } from '@thingward/ieee1451';
import { describe, expect, it } from 'vitest';
import { explainUnits } from './units-explained.ts';

describe('explainUnits', () => {
  it('says what a product is, what it is called and what is measured in it', () => {
    expect(explainUnits(unitsFromUcum('Pa'))).toEqual({
      text: 'Pa',
      ucum: 'Pa',
      powers: [
        { symbol: 'kg', name: 'kilogram', quantity: 'mass', exponent: 1 },
        { symbol: 'm', name: 'metre', quantity: 'length', exponent: -1 },
        { symbol: 's', name: 'second', quantity: 'time', exponent: -2 },
      ],
      product: 'kg·m⁻¹·s⁻²',
      derived: { symbol: 'Pa', name: 'pascal', quantity: 'pressure or stress' },
      notes: ['The value is in the unit itself.'],
    });
  });

  it('has words for all units that a TEDS can have', () => {
    for (const unit of BASE_UNITS) expect(explainUnits(unitsFromUcum(unit)).powers[0]?.name).toMatch(/^[a-z]+$/);
    for (const [unit] of DERIVED_UNITS) expect(explainUnits(unitsFromUcum(unit)).derived?.name).toMatch(/^[a-z]+$/);
  });

  it('says of what a unit can’t be told', () => {
    expect(explainUnits(unitsFromUcum('J')).notes).toContain(
      'N·m (moment of force) has the same product; a TEDS can’t tell them.',
    );
  });

  it('writes half powers as a product', () => {
    const { text, ucum, product, notes } = explainUnits({ form: 'packed', exponents: { m: 1, s: -1.5 } });
    expect([text, ucum, product]).toEqual(['m·s^-1.5', undefined, 'm·s^-1.5']);
    expect(notes.join(' ')).toMatch(/no words/);
  });

  it.each([
    ['ratio', /ratio of two quantities/],
    ['log10', /logarithm of a quantity/],
    ['digital', /digital data/],
    ['arbitrary', /only its maker knows/],
    ['77', /not one of the standard’s/],
  ])('says what the interpretation %s means', (interpretation, meaning) => {
    const { notes } = explainUnits({ form: 'packed', interpretation, exponents: { m: 1 }, extension: 15 });
    expect(notes[0]).toMatch(meaning);
    expect(notes.at(-1)).toMatch(/access code 15/);
  });

  it('calls what has no unit a plain number', () => {
    expect(explainUnits({ form: 'tuples', exponents: {} })).toMatchObject({ text: '1', product: '1', powers: [] });
  });
});
