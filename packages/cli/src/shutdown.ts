/** Resolves when the process is told to end: by a signal, or by its parent going away. A second signal ends it at once. */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        resolve();
        process.once(signal, () => process.exit(130));
      });
    }
    if (process.channel) {
      process.once('disconnect', resolve);
      // Listening must not keep a process alive that has ended its work.
      process.channel.unref();
    }
  });
}

/** Aborted by the signal that tells the process to end. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  void untilStopped().then(() => controller.abort(new Error('stopped')));
  return controller.signal;
}
