import { useSignal } from '@preact/signals';
import type { AccessRule } from '@thingward/things';
import { useApp, useWorkspace } from '../../app-context.ts';
import { Timestamp } from '../../components/age.tsx';
import { Notice } from '../../components/notice.tsx';
import { choiceOf, partText, subjectText, thingOf, verbOf } from '../../model/access-choice.ts';
import { ChoiceForm } from './choice-form.tsx';

/** One rule, to be changed and taken back. */
export function RuleCard({ rule }: { readonly rule: AccessRule }) {
  const { access, isOnline } = useWorkspace();
  const { now } = useApp();
  const isOpen = useSignal(false);
  const isBusy = useSignal(false);
  const problem = useSignal<string | undefined>(undefined);
  const act = async (what: () => Promise<string | undefined>) => {
    isBusy.value = true;
    problem.value = undefined;
    problem.value = await what();
    isBusy.value = false;
    if (problem.value === undefined) isOpen.value = false;
  };
  const isDisabled = !isOnline.value || isBusy.value;
  const part = partText(rule);
  return (
    <>
      <p class="access-sentence">
        <span class={rule.isAllowed ? 'access-verdict is-allowed' : 'access-verdict'}>
          {rule.isAllowed ? 'Allowed' : 'Denied'}
        </span>{' '}
        <span class={rule.scope === 'requester' ? 'jid strong' : 'strong'}>{subjectText(rule)}</span>{' '}
        {rule.isAllowed ? 'may' : 'may not'} {verbOf(rule)} <span class="jid strong">{thingOf(rule)}</span>
      </p>
      <p class="muted access-detail">
        {part ?? (rule.kind === 'friend' ? 'Sees when it is online' : 'All of it')}
        {rule.once ? ' · once' : ''}
        {rule.until && (
          <>
            {' · until '}
            <Timestamp time={rule.until} />
          </>
        )}
      </p>
      {problem.value !== undefined && <Notice kind="error">{problem}</Notice>}
      {isOpen.value ? (
        <ChoiceForm
          kind={rule.kind}
          items={(rule.names ?? []).map((name) => ({ name, types: [], isWanted: true }))}
          initial={choiceOf(rule)}
          takesNames
          isDisabled={isDisabled}
          onChoose={(choice) => void act(() => access.edit(rule.id, choice, now.value))}
          onCancel={() => {
            isOpen.value = false;
          }}
        />
      ) : (
        <span class="actions">
          <button
            type="button"
            class="button"
            onClick={() => {
              isOpen.value = true;
            }}
          >
            Edit<span class="visually-hidden"> rule {rule.id}</span>
          </button>
          <button
            type="button"
            class="button"
            disabled={isDisabled}
            onClick={() => void act(() => access.withdraw(rule.id))}
          >
            Withdraw<span class="visually-hidden"> rule {rule.id}</span>
          </button>
        </span>
      )}
    </>
  );
}
