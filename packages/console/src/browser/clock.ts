import { type ReadonlySignal, signal } from '@preact/signals';

/** The time, once a second, for ages and plots. */
export function startClock(): ReadonlySignal<Date> {
  const now = signal(new Date());
  setInterval(() => {
    if (document.visibilityState === 'visible') now.value = new Date();
  }, 1000);
  document.addEventListener('visibilitychange', () => {
    now.value = new Date();
  });
  return now;
}
