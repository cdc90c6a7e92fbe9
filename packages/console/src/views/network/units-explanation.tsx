import { type ExplainedUnits, powerText } from '../../model/network/units-explained.ts';

/** A unit in words: what it is called, what it is a product of, what it means. */
export function UnitsExplanation({ units }: { readonly units: ExplainedUnits }) {
  const { powers, product, notes } = units;
  const isProduct = powers.length > 1 || powers.some(({ exponent }) => exponent !== 1);
  return (
    <div class="units">
      <UnitName units={units} />
      {isProduct && (
        <>
          <p>
            <span class="muted">{units.derived ? `${units.derived.symbol} =` : 'A product:'}</span> {product}
          </p>
          <ul class="unit-powers">
            {powers.map(({ symbol, name, quantity, exponent }) => (
              <li key={symbol}>
                <span class="unit-power">
                  {symbol}
                  {powerText(exponent)}
                </span>{' '}
                {name} <span class="muted">({quantity})</span>
              </li>
            ))}
          </ul>
        </>
      )}
      {notes.map((note) => (
        <p key={note} class="muted">
          {note}
        </p>
      ))}
    </div>
  );
}

/** What a unit is called, and what is measured in it, in a line. */
export function UnitName({ units: { text, ucum, powers, derived } }: { readonly units: ExplainedUnits }) {
  const [only, ...others] = powers;
  const base = only && others.length === 0 && only.exponent === 1 ? only : undefined;
  const named = derived ?? base;
  return (
    <p>
      <span class="value">{named?.symbol ?? text}</span>
      {named && (
        <>
          {' '}
          {named.name} <span class="muted">· {named.quantity}</span>
        </>
      )}
      {ucum !== undefined && (
        <>
          {' '}
          <span class="muted">· UCUM</span> <code>{ucum}</code>
        </>
      )}
    </p>
  );
}
