/** Namespaces that EXI knows without being told. */
export const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';
export const XSI_NAMESPACE = 'http://www.w3.org/2001/XMLSchema-instance';
export const XSD_NAMESPACE = 'http://www.w3.org/2001/XMLSchema';
export const EXI_NAMESPACE = 'http://www.w3.org/2009/exi';
