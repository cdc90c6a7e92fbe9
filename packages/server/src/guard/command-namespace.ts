/** Commands of the guard, with `#` and a name. */
export const GUARD_COMMANDS = 'urn:thingward:guard';
