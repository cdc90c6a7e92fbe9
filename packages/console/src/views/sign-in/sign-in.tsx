import { useSignal } from '@preact/signals';
import { useApp } from '../../app-context.ts';
import { Logo } from '../../components/logo.tsx';
import { Notice } from '../../components/notice.tsx';

export function SignIn() {
  const { session, memory } = useApp();
  const state = session.state.value;
  const isBusy = state.kind === 'signing-in';
  const problem = state.kind === 'signed-out' ? state.problem : undefined;
  const remembered = memory.load();
  const jid = useSignal(remembered ?? '');
  const password = useSignal('');
  const remember = useSignal(remembered !== undefined);

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void session.signIn({ jid: jid.value, password: password.value, remember: remember.value });
  };
  return (
    <main class="sign-in">
      <form class="sign-in-form panel" onSubmit={submit} noValidate aria-labelledby="sign-in-title">
        <div class="sign-in-brand">
          <Logo />
          <h1 id="sign-in-title">Thingward</h1>
        </div>
        <p class="muted">Sign in to see and control your Things.</p>
        <label class="field">
          <span class="field-label">Address (JID)</span>
          <input
            name="jid"
            type="text"
            inputMode="email"
            autocomplete="username"
            autoCapitalize="none"
            spellcheck={false}
            placeholder="owner@localhost"
            value={jid}
            disabled={isBusy}
            onInput={(event) => {
              jid.value = event.currentTarget.value;
            }}
          />
        </label>
        <label class="field">
          <span class="field-label">Password</span>
          <input
            name="password"
            type="password"
            autocomplete="current-password"
            value={password}
            disabled={isBusy}
            onInput={(event) => {
              password.value = event.currentTarget.value;
            }}
          />
        </label>
        <label class="check">
          <input
            type="checkbox"
            name="remember"
            checked={remember}
            disabled={isBusy}
            onChange={(event) => {
              remember.value = event.currentTarget.checked;
            }}
          />
          <span>
            Remember my address on this device <span class="muted">(nothing else)</span>
          </span>
        </label>
        {problem && (
          <Notice kind="error" testId="sign-in-problem">
            {problem}
          </Notice>
        )}
        <div class="actions">
          <button type="submit" class="button primary" disabled={isBusy}>
            {isBusy ? 'Signing in…' : 'Sign in'}
          </button>
          {isBusy && (
            <button type="button" class="button" onClick={() => session.signOut()}>
              Cancel
            </button>
          )}
        </div>
      </form>
      <p class="sign-in-foot muted">Thingward · XMPP at {location.host}</p>
    </main>
  );
}
