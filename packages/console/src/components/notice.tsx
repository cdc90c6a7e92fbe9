import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon.tsx';

export type NoticeKind = 'info' | 'done' | 'warning' | 'error';

/** Something the user should know, said aloud too: an error at once, the rest when there is time. */
export function Notice({
  kind,
  children,
  testId,
}: {
  readonly kind: NoticeKind;
  readonly children: ComponentChildren;
  readonly testId?: string;
}) {
  const icon: IconName = kind;
  return (
    <div class={`notice notice-${kind}`} role={kind === 'error' ? 'alert' : 'status'} data-testid={testId}>
      <Icon name={icon} />
      <div class="notice-text">{children}</div>
    </div>
  );
}
