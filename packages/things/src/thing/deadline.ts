/** Something did not happen in time. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
  readonly code = 'deadline-exceeded';
}

/**
 * Waits for something that may never come, even if it was told to stop: for so long at most, and not after the signal.
 * @throws what the promise rejects with; DeadlineError; the signal's reason
 */
export async function withinDeadline<T>(promise: Promise<T>, timeoutMs: number, signal: AbortSignal): Promise<T> {
  let stopWaiting = () => {};
  const ended = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(new DeadlineError(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    stopWaiting = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    };
  });
  try {
    return await Promise.race([promise, ended]);
  } finally {
    stopWaiting();
  }
}
