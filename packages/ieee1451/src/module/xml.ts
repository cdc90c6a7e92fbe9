import { type Element, xml } from '@thingward/xml';
import { bodyFromXml, bodyToXml } from '../body-xml.ts';
import { IEEE1451_NAMESPACE } from '../namespace.ts';
import { integerAttribute, requireElement, textAttribute, xmlError } from '../xml-attributes.ts';
import { type ModuleCommand, moduleCommand, moduleCommandNamed } from './commands.ts';
import type { CommandMessage, ReplyMessage } from './message.ts';

/** A command as XML; those the standard does not have are named by their numbers. */
export function commandToXml({ channel, commandClass, commandFunction, body }: CommandMessage): Element {
  const known = moduleCommand(commandClass, commandFunction);
  return xml(
    'command',
    {
      xmlns: IEEE1451_NAMESPACE,
      channel,
      ...(known ? { name: known.name } : { class: commandClass, function: commandFunction }),
    },
    bodyToXml(body),
  );
}

/** @throws Ieee1451Error `malformed-xml` */
export function commandFromXml(element: Element): CommandMessage {
  requireElement(element, 'command', IEEE1451_NAMESPACE);
  const channel = integerAttribute(element, 'channel', 0, 0xffff);
  const name = element.attribute('name');
  const known = name === undefined ? undefined : requireCommand(element, name);
  const commandClass = known?.commandClass ?? integerAttribute(element, 'class', 0, 255);
  const commandFunction = known?.commandFunction ?? integerAttribute(element, 'function', 0, 255);
  const { arguments: layout } = moduleCommand(commandClass, commandFunction) ?? {};
  return { channel, commandClass, commandFunction, body: bodyFromXml(element, layout) };
}

/** A reply as XML, with the name of what is answered. */
export function replyToXml({ flag, body }: ReplyMessage, command?: ModuleCommand): Element {
  return xml('reply', { xmlns: IEEE1451_NAMESPACE, command: command?.name, flag }, bodyToXml(body));
}

/** @throws Ieee1451Error `malformed-xml` */
export function replyFromXml(element: Element): { readonly reply: ReplyMessage; readonly command?: ModuleCommand } {
  requireElement(element, 'reply', IEEE1451_NAMESPACE);
  const name = element.attribute('command');
  const command =
    name === undefined ? undefined : requireCommand(element, textAttribute(element, 'command'), 'command');
  const layout = command?.reply === 'none' ? undefined : command?.reply;
  const flag = integerAttribute(element, 'flag', 0, 255);
  return { reply: { flag, body: bodyFromXml(element, layout) }, ...(command ? { command } : {}) };
}

function requireCommand(element: Element, name: string, attribute = 'name'): ModuleCommand {
  const command = moduleCommandNamed(name);
  if (!command) throw xmlError(element, attribute, 'a command of IEEE 1451.0, or a class and a function');
  return command;
}
