/** What one agent did while it was looked at. */
export interface Measured {
  readonly residentKb: number;
  readonly mostResidentKb: number;
  readonly privateKb: number;
  readonly cpuMs: number;
  readonly requests: number;
}

export interface Group {
  readonly name: string;
  readonly agents: readonly Measured[];
  readonly lookedAtMs: number;
}

export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly measured: number;
  readonly budget: number;
}

/** kB of the kernel are 1,024 bytes, and so are MB here 1,024 of them. */
const megabytes = (kb: number): number => kb / 1_024;
const HOUR_MS = 3_600_000;

/** The worst agent of a group for memory; for what is done in an hour the mean, for it is extrapolated. */
export function rowsOf({ agents, lookedAtMs }: Group): Row[] {
  const worst = (of: (agent: Measured) => number): number => Math.max(...agents.map(of));
  const perHour = (of: (agent: Measured) => number): number =>
    (agents.reduce((sum, agent) => sum + of(agent), 0) / agents.length) * (HOUR_MS / lookedAtMs);
  return [
    {
      what: 'resident memory, idle',
      unit: 'MB',
      measured: megabytes(worst(({ residentKb }) => residentKb)),
      budget: 50,
    },
    {
      what: 'private memory, idle',
      unit: 'MB',
      measured: megabytes(worst(({ privateKb }) => privateKb)),
      budget: 12,
    },
    {
      what: 'processor time of an idle hour',
      unit: 's',
      measured: perHour(({ cpuMs }) => cpuMs) / 1_000,
      // One thousandth of a processor, where the DaemonSet asks for five.
      budget: 3.6,
    },
    {
      what: 'requests to the API server, idle, per hour',
      unit: '',
      measured: perHour(({ requests }) => requests),
      budget: 25,
    },
  ];
}

export const within = ({ measured, budget }: Row): boolean => measured <= budget;

/** A table in Markdown. */
export function tableOf(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.what,
    `${row.measured.toFixed(1)} ${row.unit}`.trim(),
    `${row.budget} ${row.unit}`.trim(),
    within(row) ? 'within' : '**exceeded**',
  ]);
  const head = ['what', 'measured', 'budget', 'verdict'];
  const widths = head.map((title, column) =>
    Math.max(...[head, ...cells].map((row) => row[column]?.length ?? 0), title.length),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |\n`;
  return [head, widths.map((width) => '-'.repeat(width)), ...cells].map(line).join('');
}

/** The most that any agent of a group had at any look, in MB. */
export const mostResident = ({ agents }: Group): number =>
  megabytes(Math.max(...agents.map(({ mostResidentKb }) => mostResidentKb)));
