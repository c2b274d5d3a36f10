import { describe, expect, test } from '@jest/globals';
import { createBoard, table, type Row } from './table.ts';

const aRow = (more: Partial<Row> = {}): Row => ({
  node: 'worker-1',
  phase: 'draining',
  reboots: 0,
  because: '',
  ...more,
});

const CLEAR = '\r\u001B[J';

/** What a screen shows, understanding just "up N lines" and "clear to the end". */
function aScreen(isTTY: boolean) {
  let shown: string[] = [];
  return {
    isTTY,
    columns: 80,
    rows: 24,
    lines: () => shown,
    write(text: string) {
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
