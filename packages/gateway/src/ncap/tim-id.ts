import { formatUuid, parseUuid } from '@thingward/ieee1451';

const UUID_OCTETS = 16;

/** A TIM's UUID as network messages have it: the ten octets of the edition of 2007 come after six of nought. */
export function timId(uuid: string): string {
  const octets = parseUuid(uuid) ?? new Uint8Array(0);
  const whole = new Uint8Array(UUID_OCTETS);
  whole.set(octets, UUID_OCTETS - octets.length);
  return formatUuid(whole);
}
