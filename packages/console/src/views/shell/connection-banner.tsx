import { useApp } from '../../app-context.ts';
import { Timestamp } from '../../components/age.tsx';
import { Icon } from '../../components/icon.tsx';

/** Says that the connection is lost; there is nothing to do about it but to wait. */
export function ConnectionBanner() {
  const state = useApp().session.state.value;
  const lostAt = state.kind === 'signed-in' ? state.lostAt : undefined;
  return (
    <div class="connection-banner" role="alert" data-testid="connection-banner">
      {lostAt && (
        <div class="connection-banner-text">
          <Icon name="warning" />
          <span>
            <strong>Connection lost</strong> at <Timestamp time={lostAt} />. Reconnecting… Values are as last read.
          </span>
        </div>
      )}
    </div>
  );
}
