import { type ReadonlySignal, signal } from '@preact/signals';

/** Is the page shown, and not in a tab behind another? */
export function watchVisibility(): ReadonlySignal<boolean> {
  const isVisible = signal(document.visibilityState === 'visible');
  document.addEventListener('visibilitychange', () => {
    isVisible.value = document.visibilityState === 'visible';
  });
  return isVisible;
}
