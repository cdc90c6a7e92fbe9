import { type ReadonlySignal, useSignal } from '@preact/signals';
import type { NcapResource, TimResource } from '@thingward/ieee1451/mcap';
import { useLayoutEffect } from 'preact/hooks';

/** Is a TIM there, and its NCAP? As a signal, for what goes on while it is. */
export function usePresence(ncap: NcapResource, tim: TimResource): ReadonlySignal<boolean> {
  const isPresent = ncap.isPresent && tim.isPresent;
  const presence = useSignal(isPresent);
  useLayoutEffect(() => {
    presence.value = isPresent;
  }, [presence, isPresent]);
  return presence;
}
