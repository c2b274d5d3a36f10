import { describe, expect, test } from '@jest/globals';
import { createBoard, sentence, table, type Row } from './table.ts';

const aRow = (more: Partial<Row> = {}): Row => ({
  node: 'worker-1',
  phase: 'draining',
  reboots: 0,
  because: '',
  ...more,
});

const CLEAR = '\r\u001B[J';

/** What a screen shows, understanding just "up N lines" and "clear to the end". */
function aScreen(isTTY: boolean, rows = 24) {
  let shown: string[] = [];
  const written: string[] = [];
  return {
    isTTY,
    columns: 80,
    rows,
    written,
    lines: () => shown,
    write(text: string) {
      written.push(text);
      const [home, rest] = text.includes(CLEAR) ? text.split(CLEAR) : ['', text];
      shown = shown.slice(0, shown.length - Number.parseInt(home?.slice(2) || '0', 10));
      shown = [...shown, ...(rest ?? '').split('\n').slice(0, -1)];
    },
  };
}

describe('table', () => {
  test('aligns the columns under their heads', () => {
    const rows = [
      aRow({ podsLeft: 3, elapsedMs: 12_000, because: 'web: 0 of 8 may go' }),
      aRow({ node: 'worker-10', phase: 'queued' }),
    ];
    expect(table(rows, 100)).toEqual([
      'NODE       PHASE     PODS LEFT  REBOOTS  ELAPSED  WHY IT WAITS',
      'worker-1   draining  3          0        12s      web: 0 of 8 may go',
      'worker-10  queued               0',
    ]);
  });

  test('cuts what is wider than the terminal', () => {
    const lines = table([aRow({ because: 'x'.repeat(200) })], 80);
    expect(lines.map((line) => line.length <= 80)).toEqual([true, true]);
    expect(lines[1]).toMatch(/x…$/);
  });
});

describe('sentence', () => {
  test.each<{ name: string; row: Row; expected: string }>([
    {
      name: 'is short when nothing is special',
      row: aRow(),
      expected: 'worker-1 draining, 0 reboots',
    },
    {
      name: 'has the pods and the reason',
      row: aRow({ podsLeft: 2, reboots: 1, because: 'a budget' }),
      expected: 'worker-1 draining, 2 pods left, 1 reboot: a budget',
    },
  ])('$name', ({ row, expected }) => expect(sentence(row)).toBe(expected));
});

describe('a board', () => {
  test('on a terminal, redraws the table in place and keeps what was said above it', () => {
    const screen = aScreen(true);
    const board = createBoard(screen);
    board.show([aRow()]);
    board.say(['something happened']);
    board.show([aRow({ phase: 'rebooting' })]);
    expect(screen.lines()).toEqual([
      'something happened',
      'NODE      PHASE      PODS LEFT  REBOOTS  ELAPSED  WHY IT WAITS',
      'worker-1  rebooting             0',
    ]);
  });

  test('on a terminal too low for all rows, counts the rest', () => {
    const screen = aScreen(true, 6);
    createBoard(screen).show(Array.from({ length: 9 }, (_, n) => aRow({ node: `worker-${n}` })));
    expect(screen.lines()).toHaveLength(4);
    expect(screen.lines().at(-1)).toBe('… and 7 more');
  });

  test('elsewhere, writes only rows that changed in more than time', () => {
    const screen = aScreen(false);
    const board = createBoard(screen);
    board.show([aRow({ elapsedMs: 1_000 }), aRow({ node: 'worker-2', phase: 'queued' })]);
    board.show([aRow({ elapsedMs: 2_000 }), aRow({ node: 'worker-2', phase: 'waiting' })]);
    expect(screen.lines()).toEqual([
      '  worker-1 draining, 0 reboots',
      '  worker-2 queued, 0 reboots',
      '  worker-2 waiting, 0 reboots',
    ]);
  });
});
