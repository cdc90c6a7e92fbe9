import { type ReadonlySignal, signal } from '@preact/signals';

/** Changes when the colours do, for what is drawn by script. */
export function watchColorScheme(): ReadonlySignal<'light' | 'dark'> {
  const query = matchMedia('(prefers-color-scheme: dark)');
  const scheme = signal<'light' | 'dark'>(query.matches ? 'dark' : 'light');
  query.addEventListener('change', () => {
    scheme.value = query.matches ? 'dark' : 'light';
  });
  return scheme;
}
