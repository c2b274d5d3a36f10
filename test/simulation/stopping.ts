/** Ctrl-C pressed again ends it at once. */
const EXIT_CODE = 130;

interface Stopping {
  readonly asked: boolean;
  /** From now on signals do what they do to any process. */
  readonly end: () => void;
}

/** Whether somebody wants this process to stop: by a signal, or because whoever started it to hear its findings has gone. */
export function stopping(): Stopping {
  let asked = false;
  const stop = (): void => {
    if (asked) process.exit(EXIT_CODE);
    asked = true;
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  process.on('disconnect', stop);
  return {
    get asked() {
      return asked;
    },
    end: () => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      process.off('disconnect', stop);
    },
  };
}
