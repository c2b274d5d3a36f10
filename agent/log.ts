export type Fields = Readonly<Record<string, string | number | boolean>>;

/** One line per outcome: a constant message in the words of the people on call, the variables in fields. */
export interface Log {
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

export type LogFormat = 'json' | 'text';

type Level = keyof Log;

/** `always` goes on every line. */
export function createLog(
  format: LogFormat,
  always: Fields,
  write: (line: string) => void = (line) => void process.stdout.write(line),
): Log {
  const toLine = format === 'json' ? jsonLine : textLine;
  const at = (level: Level) => (message: string, fields?: Fields) =>
    write(`${toLine(new Date().toISOString(), level, message, { ...always, ...fields })}\n`);
  return { info: at('info'), warn: at('warn'), error: at('error') };
}

function jsonLine(time: string, level: Level, message: string, fields: Fields): string {
  return JSON.stringify({ time, level, message, ...fields });
}

function textLine(time: string, level: Level, message: string, fields: Fields): string {
  const pairs = Object.entries(fields).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return [time, level.toUpperCase().padEnd(5), message, ...pairs].join(' ');
}
