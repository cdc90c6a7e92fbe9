import { useSignal } from '@preact/signals';
import type { AccessQuestionToOwner, RuleScope } from '@thingward/things';
import { displayedJid } from '@thingward/xmpp';
import { useApp, useWorkspace } from '../../app-context.ts';
import { Age } from '../../components/age.tsx';
import { Notice } from '../../components/notice.tsx';
import { type Choice, scopesOf, thingOf, verbOf } from '../../model/access-choice.ts';
import { ChoiceForm } from './choice-form.tsx';

/** One who waits, with the answers most people give, and the others behind a button. */
export function QuestionCard({ question }: { readonly question: AccessQuestionToOwner }) {
  const { access, isOnline } = useWorkspace();
  const { now } = useApp();
  const isOpen = useSignal(false);
  const isBusy = useSignal(false);
  const problem = useSignal<string | undefined>(undefined);
  const scope = useSignal<RuleScope>('requester');
  const act = async (what: () => Promise<string | undefined>) => {
    isBusy.value = true;
    problem.value = undefined;
    problem.value = await what();
    isBusy.value = false;
  };
  const answer = (choice: Choice) => act(() => access.answer(question.id, scope.value, choice, now.value));
  const isDisabled = !isOnline.value || isBusy.value;
  const quick = (label: string, choice: Choice, isPrimary = false) => (
    <button
      type="button"
      class={isPrimary ? 'button primary' : 'button'}
      disabled={isDisabled}
      onClick={() => void answer(choice)}
    >
      {label}
    </button>
  );
  return (
    <>
      <p class="access-sentence">
        <span class="jid strong">{displayedJid(question.requester)}</span> wants to {verbOf(question)}{' '}
        <span class="jid strong">{thingOf(question)}</span>
      </p>
      <p class="muted access-detail">
        Asked {question.asked === 1 ? 'once' : `${question.asked} times`}, last <Age time={question.last} />
        {wantedText(question)}
      </p>
      {problem.value !== undefined && <Notice kind="error">{problem}</Notice>}
      {isOpen.value ? (
        <ChoiceForm
          kind={question.kind}
          items={question.items}
          initial={{ isAllowed: true, duration: 'always' }}
          scopes={scopesOf(question)}
          scope={scope}
          isDisabled={isDisabled}
          onChoose={(choice) => void answer(choice)}
          onCancel={() => {
            isOpen.value = false;
          }}
        />
      ) : (
        <span class="actions">
          {quick('Allow', { isAllowed: true, duration: 'always' }, true)}
          {quick('Once', { isAllowed: true, duration: 'once' })}
          {quick('For a day', { isAllowed: true, duration: 'day' })}
          {quick('Deny', { isAllowed: false, duration: 'always' })}
          <button
            type="button"
            class="button"
            onClick={() => {
              isOpen.value = true;
            }}
          >
            More choices …
          </button>
          <button
            type="button"
            class="button quiet"
            disabled={isDisabled}
            onClick={() => void act(() => access.dismiss(question.id))}
          >
            Not now
          </button>
        </span>
      )}
    </>
  );
}

function wantedText({ items }: AccessQuestionToOwner): string {
  const wanted = items.filter(({ isWanted }) => isWanted).map(({ name }) => name);
  return wanted.length === 0 ? '' : `, for ${wanted.join(', ')}`;
}
