import { useEffect, useMemo } from 'preact/hooks';
import { useWorkspace } from '../../app-context.ts';
import { goTo } from '../../browser/hash-route.ts';
import { Claim } from '../../model/claim.ts';
import { ClaimInput } from './claim-input.tsx';
import { ClaimReview } from './claim-review.tsx';
import { PrintedLabels } from './printed-labels.tsx';

export function ClaimPage() {
  const { connection } = useWorkspace();
  const claim = useMemo(() => new Claim(connection), [connection]);
  const step = claim.step.value;
  useEffect(() => {
    if (step.kind === 'claimed') goTo({ page: 'thing', jid: step.thing.toString() });
  }, [step]);
  return (
    <>
      <header class="page-header">
        <h1>Claim a Thing</h1>
        <p class="muted">Whoever has the code on its label becomes its owner.</p>
      </header>
      <div class="claim-body">
        {step.kind === 'input' ? <ClaimInput claim={claim} problem={step.problem} /> : <ClaimReview claim={claim} />}
        <PrintedLabels onClaim={(uri) => claim.enter(uri)} />
      </div>
    </>
  );
}
