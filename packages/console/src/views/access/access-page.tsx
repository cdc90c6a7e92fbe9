import { useWorkspace } from '../../app-context.ts';
import { Notice } from '../../components/notice.tsx';
import { QuestionCard } from './question-card.tsx';
import { RuleCard } from './rule-card.tsx';

/** Who waits for our decision, and what we have decided. */
export function AccessPage() {
  const { access } = useWorkspace();
  const state = access.state.value;
  return (
    <>
      <header class="page-header">
        <h1>Access</h1>
        <p class="muted">Whoever you have not decided about is refused, and asked about here.</p>
      </header>
      {state.kind === 'absent' && <Notice kind="info">{state.problem}</Notice>}
      {state.kind === 'loaded' && state.problem !== undefined && <Notice kind="error">{state.problem}</Notice>}
      {state.kind === 'loading' && <p class="muted">Asking the provisioning server …</p>}
      {state.kind === 'loaded' && (
        <>
          <Questions />
          <Rules />
        </>
      )}
    </>
  );
}

function Questions() {
  const questions = useWorkspace().access.questions.value;
  return (
    <section class="section" aria-labelledby="questions-title">
      <h2 id="questions-title">Waiting for you</h2>
      {questions.length === 0 ? (
        <p class="muted">Nobody waits for your decision.</p>
      ) : (
        <ul class="access-list">
          {questions.map((question) => (
            <li key={question.id} class="panel access-card" data-testid={`question-${question.id}`}>
              <QuestionCard question={question} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Rules() {
  const rules = useWorkspace().access.rules.value;
  return (
    <section class="section" aria-labelledby="rules-title">
      <h2 id="rules-title">Your rules</h2>
      {rules.length === 0 ? (
        <p class="muted">You have decided nothing yet: only you may read and control your Things.</p>
      ) : (
        <ul class="access-list">
          {rules.map((rule) => (
            <li key={rule.id} class="panel access-card" data-testid={`rule-${rule.id}`}>
              <RuleCard rule={rule} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
