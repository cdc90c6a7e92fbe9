/** A printed label of a Thing, as a demo has it in place of a real one. */
export interface Label {
  readonly name: string;
  /** `IoTDisco;...` */
  readonly uri: string;
}

const MAX_LABELS = 50;

/** Reads `labels/index.json`; what is no label is left out. */
export function parseLabels(json: unknown): Label[] {
  if (!Array.isArray(json)) return [];
  return json.slice(0, MAX_LABELS).filter(isLabel);
}

/** The labels beside the page; none where there is no demo. */
export async function fetchLabels(fetchFile: typeof fetch, signal: AbortSignal): Promise<Label[]> {
  try {
    const response = await fetchFile('/labels/index.json', { signal, headers: { accept: 'application/json' } });
    return response.ok ? parseLabels(await response.json()) : [];
  } catch {
    // Not there, or no JSON: there is no demo.
    return [];
  }
}

function isLabel(item: unknown): item is Label {
  const { name, uri } = (item ?? {}) as Partial<Record<string, unknown>>;
  return typeof name === 'string' && typeof uri === 'string' && uri.startsWith('IoTDisco;');
}
