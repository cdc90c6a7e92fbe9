import type { LampState } from '../model/lamp.ts';

/** An indicator lamp. Its state is said in words beside it. */
export function Lamp({ state }: { readonly state: LampState }) {
  return <span class={`lamp lamp-${state}`} aria-hidden="true" />;
}
