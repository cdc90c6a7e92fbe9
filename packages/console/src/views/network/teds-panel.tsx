import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { Icon } from '../../components/icon.tsx';
import { octetLines, type TedsFieldView, type TedsView } from '../../model/network/teds-view.ts';
import { UnitsExplanation } from './units-explanation.tsx';

/** One TEDS: its fields with what they mean, what is wrong at its octet, and the octets for who wants them. */
export function TedsPanel({ view }: { readonly view: TedsView }) {
  const { title, meaning, edition, fields, problems, problemCount, octets } = view;
  const showsOctets = useSignal(false);
  const id = useId();
  return (
    <details class="panel teds" open data-testid={`teds-${title}`}>
      <summary>
        <span class="teds-title">{title}</span>
        {problemCount > 0 && (
          <span class="badge badge-warning">{problemCount === 1 ? '1 problem' : `${problemCount} problems`}</span>
        )}
        <span class="muted teds-edition">{edition}</span>
      </summary>
      <div class="teds-about">
        {meaning !== undefined && <p class="muted">{meaning}</p>}
        {octets && (
          <button
            type="button"
            class="button quiet"
            aria-expanded={showsOctets.value}
            aria-controls={id}
            onClick={() => {
              showsOctets.value = !showsOctets.value;
            }}
          >
            {showsOctets.value ? 'Hide octets' : `Show ${octets.length} octets`}
          </button>
        )}
      </div>
      {problems.length > 0 && (
        <ul class="teds-problems" aria-label="Problems">
          {problems.map((problem) => (
            <li key={problem}>
              <Icon name="warning" />
              {problem}
            </li>
          ))}
        </ul>
      )}
      <table class="teds-fields">
        <caption class="visually-hidden">Fields of the {title}</caption>
        <thead class="visually-hidden">
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          {fields.map((field) => (
            <FieldRow key={`${field.offset}`} field={field} showsOctets={showsOctets.value} />
          ))}
        </tbody>
      </table>
      {octets && (
        <div id={id} hidden={!showsOctets.value}>
          {showsOctets.value && <Octets octets={octets} />}
        </div>
      )}
    </details>
  );
}

function FieldRow({ field, showsOctets }: { readonly field: TedsFieldView; readonly showsOctets: boolean }) {
  const { label, depth, value, unit, units, meaning, problems, offset, octets, path } = field;
  return (
    <tr class={`teds-field teds-depth-${Math.min(depth, 2)}`} data-testid={`teds-field-${path}`}>
      <th scope="row">
        {label}
        {meaning !== undefined && <span class="teds-meaning muted">{meaning}</span>}
      </th>
      <td>
        {units ? (
          <UnitsExplanation units={units} />
        ) : (
          <span>
            <span class="value">{value}</span> <span class="unit">{unit}</span>
          </span>
        )}
        {problems.map((problem) => (
          <span key={problem} class="teds-problem">
            <Icon name="warning" />
            <span>
              {problem} <span class="muted">(octet {offset})</span>
            </span>
          </span>
        ))}
        {showsOctets && (
          <code class="teds-octets">
            {offset}: {octets.replace(/(..)(?=.)/g, '$1 ')}
          </code>
        )}
      </td>
    </tr>
  );
}

function Octets({ octets }: { readonly octets: Uint8Array }) {
  return (
    <div class="octets-frame">
      <table class="octets">
        <caption>All octets, with length and checksum</caption>
        <tbody>
          {octetLines(octets).map(({ offset, hex, text }) => (
            <tr key={offset}>
              <th scope="row">{offset}</th>
              <td>{hex}</td>
              <td aria-hidden="true">{text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
