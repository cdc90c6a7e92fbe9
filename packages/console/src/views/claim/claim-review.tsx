import { useSignal } from '@preact/signals';
import { Notice } from '../../components/notice.tsx';
import type { Claim } from '../../model/claim.ts';

/** What will be claimed, and whether others may find it. */
export function ClaimReview({ claim }: { readonly claim: Claim }) {
  const isPublic = useSignal(false);
  const step = claim.step.value;
  const isBusy = step.kind === 'claiming' || step.kind === 'claimed';
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void claim.claim(isPublic.value);
  };
  return (
    <form class="panel claim-review" onSubmit={submit} aria-labelledby="claim-review-title">
      <h2 id="claim-review-title">Claim this Thing?</h2>
      <dl class="pairs tags">
        {claim.tags.value.map(({ name, value }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value ?? <span class="masked">•••••••• (secret)</span>}</dd>
          </div>
        ))}
      </dl>
      <fieldset class="choices" disabled={isBusy}>
        <legend>Who may find it in the registry?</legend>
        <Choice
          label="Nobody"
          detail="Private: it is taken out of the registry. You can still read and control it."
          checked={!isPublic.value}
          onChoose={() => {
            isPublic.value = false;
          }}
        />
        <Choice
          label="Everybody"
          detail="Public: others find it by its tags (never the KEY), and may ask for friendship."
          checked={isPublic.value}
          onChoose={() => {
            isPublic.value = true;
          }}
        />
      </fieldset>
      {'problem' in step && step.problem !== undefined && (
        <Notice kind="error" testId="claim-problem">
          {step.problem}
        </Notice>
      )}
      <div class="actions">
        <button type="submit" class="button primary" disabled={isBusy}>
          {isBusy ? 'Claiming…' : 'Claim'}
        </button>
        <button type="button" class="button" disabled={isBusy} onClick={() => claim.discard()}>
          Back
        </button>
      </div>
    </form>
  );
}

function Choice({
  label,
  detail,
  checked,
  onChoose,
}: {
  readonly label: string;
  readonly detail: string;
  readonly checked: boolean;
  readonly onChoose: () => void;
}) {
  return (
    <label class="choice">
      <input type="radio" name="visibility" value={label} checked={checked} onChange={onChoose} />
      <span>
        <strong>{label}</strong>
        <span class="muted">{detail}</span>
      </span>
    </label>
  );
}
