/** The name of elements for a type: `readRequest` for ReadRequest, `euInformation` for EUInformation. */
export function elementName(type: string): string {
  return type.replace(/^(?:[A-Z]+(?=[A-Z][a-z])|[A-Z]+$|[A-Z])/, (capitals) => capitals.toLowerCase());
}
