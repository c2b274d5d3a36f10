import { columns } from '../cli/columns.ts';
import { formatDuration } from '../domain/durations.ts';

/** One node in the lab's table. */
export interface Row {
  readonly node: string;
  readonly phase: string;
  /** Reboots seen by the API server. */
  readonly reboots: number;
  readonly podsLeft?: number;
  readonly elapsedMs?: number;
  /** Why it waits, or what blocks it; empty when nothing does. */
  readonly because: string;
}

const COLUMNS = ['NODE', 'PHASE', 'PODS LEFT', 'REBOOTS', 'ELAPSED', 'WHY IT WAITS'] as const;

/** The whole table, one text per line, no line wider than `width`. */
export function table(rows: readonly Row[], width: number): string[] {
  const lines = columns([COLUMNS, ...rows.map(cellsOf)])
    .trimEnd()
    .split('\n');
  return lines.map((line) => fit(line, width));
}

/** One row as a sentence, for a log without a terminal; the same as long as nothing but time has passed. */
function sentence({ node, phase, reboots, podsLeft, because }: Row): string {
  const pods = podsLeft ? `, ${count(podsLeft, 'pod')} left` : '';
  const reason = because ? `: ${because}` : '';
  return `${node} ${phase}${pods}, ${count(reboots, 'reboot')}${reason}`;
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}

/** Where a board is drawn: a terminal, or anything that takes text. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

/** Shows rows again and again: redrawn in place on a terminal, elsewhere only what has changed. */
export interface Board {
  show(rows: readonly Row[]): void;
  /** Writes lines above the table, or as they are. */
  say(lines: readonly string[]): void;
}

export function createBoard(screen: Screen): Board {
  return screen.isTTY ? liveBoard(screen) : plainBoard(screen);
}

function plainBoard(screen: Screen): Board {
  const said = new Map<string, string>();
  return {
    show(rows) {
      for (const row of rows) {
        const text = sentence(row);
        if (said.get(row.node) === text) continue;
        said.set(row.node, text);
        screen.write(`  ${text}\n`);
      }
    },
    say: (lines) => screen.write(lines.map((line) => `${line}\n`).join('')),
  };
}

function liveBoard(screen: Screen): Board {
  let drawn: string[] = [];
  const draw = (lines: string[]) => {
    // Up to the first line of the table, then clear to the end of the screen.
    const home = drawn.length > 0 ? `\u001B[${drawn.length}A\r\u001B[J` : '';
    screen.write(home + lines.map((line) => `${line}\n`).join(''));
  };
  return {
    show(rows) {
      const lines = clip(table(rows, screen.columns ?? 100), screen.rows ?? 24);
      draw(lines);
      drawn = lines;
    },
    say(lines) {
      draw([...lines, ...drawn]);
    },
  };
}

/** A table higher than the terminal cannot be redrawn in place: its end is counted instead of shown. */
function clip(lines: string[], height: number): string[] {
  const room = Math.max(2, height - 2);
  if (lines.length <= room) return lines;
  return [...lines.slice(0, room - 1), `… and ${lines.length - room + 1} more`];
}

function cellsOf(row: Row): string[] {
  return [
    row.node,
    row.phase,
    row.podsLeft === undefined ? '' : String(row.podsLeft),
    String(row.reboots),
    row.elapsedMs === undefined ? '' : formatDuration(row.elapsedMs),
    row.because,
  ];
}

function fit(line: string, width: number): string {
  return line.length <= width ? line : `${line.slice(0, Math.max(1, width - 1))}…`;
}
