import { type DataForm, StanzaError } from '@thingward/xmpp';
import { accessDenied } from '../thing/access.ts';
import type { Thing } from '../thing/thing.ts';
import { checkSettings } from './check-settings.ts';
import { type ControlRequest, type ParameterSetting, parameterErrorReply } from './codec.ts';
import { decodeSubmittedForm } from './form.ts';
import type { ControlParameter, ParameterError, ParameterValue } from './parameter.ts';
import type { ControlTarget } from './targets.ts';

/** What is to be done. */
export interface CheckedCommands {
  /** The values of each Thing, in the order of the request. */
  readonly commands: ReadonlyMap<Thing, ReadonlyMap<string, ParameterValue>>;
  /** Was something left out that the requester may not set? */
  readonly isRestricted: boolean;
}

/**
 * What each Thing is to be set to. What the requester may not set is left out, as long as something is left.
 * @throws StanzaError when anything is wrong for any of them: nothing is to be done then
 * @see XEP-0325 §3.1.2, §3.4.3
 */
export function checkCommands(request: ControlRequest, targets: readonly ControlTarget[]): CheckedCommands {
  const commands = new Map<Thing, ReadonlyMap<string, ParameterValue>>();
  const refused = new Map<string, ParameterError>();
  let isRestricted = false;
  for (const target of targets) {
    const { settings, form, isPart } = allowedPart(request, target);
    isRestricted ||= isPart;
    const declared = declaredFor(target.thing, settings, form);
    const submitted = form ? decodeSubmittedForm(form, declared) : { settings: [], errors: [] };
    const { values, errors } = checkSettings([...settings, ...submitted.settings], declared);
    for (const error of [...submitted.errors, ...errors]) {
      if (!refused.has(error.parameter)) refused.set(error.parameter, error);
    }
    if (values.size > 0) commands.set(target.thing, values);
    else if (!isPart && refused.size === 0) throw new StanzaError('bad-request', 'set: there is nothing to set');
  }
  const [first, ...others] = refused.values();
  if (first) throw parameterErrorReply([first, ...others]);
  if (commands.size === 0) throw accessDenied();
  return { commands, isRestricted };
}

/** What of a request its requester may do with a Thing. */
function allowedPart({ settings, form }: ControlRequest, { isAllowed }: ControlTarget) {
  const allowed = settings.filter(({ name }) => isAllowed(name));
  const fields = form?.fields.filter(
    ({ var: name, type }) => name === undefined || type === 'hidden' || isAllowed(name),
  );
  return {
    settings: allowed,
    form: form && fields && { ...form, fields },
    isPart: allowed.length < settings.length || (form !== undefined && fields?.length !== form.fields.length),
  };
}

/** The parameters of a Thing, as they are when these values are set. @see XEP-0336 §3.1 */
export function declaredFor(
  thing: Thing,
  settings: readonly ParameterSetting[],
  form: DataForm | undefined,
): readonly ControlParameter[] {
  if (!thing.parametersFor) return thing.parameters;
  const submitted = form ? decodeSubmittedForm(form, thing.parameters).settings : [];
  return thing.parametersFor(new Map([...settings, ...submitted].map(({ name, value }) => [name, value])));
}
