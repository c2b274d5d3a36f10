import { columns } from '../columns.ts';
import { paint, type Style } from '../paint.ts';
import type { Finding, Verdict } from './finding.ts';

const WORDS: Record<Verdict, readonly [string, Style]> = {
  good: ['ok', 'good'],
  warning: ['WARNING', 'warning'],
  bad: ['BAD', 'bad'],
  unknown: ['unknown', 'faint'],
};

const SUMMED = ['bad', 'warning', 'unknown', 'good'] as const;

/** What was found, for people: in groups, each with its mend below it, and how many of each at the end. */
export function printFindings(findings: readonly Finding[], width: number): string {
  const groups = [...new Set(findings.map(({ group }) => group))];
  const paragraphs = groups.map((group) => {
    const ours = merged(findings.filter((finding) => finding.group === group));
    const checks = [...new Set(ours.map(({ check }) => check))];
    const said = checks.map((check) =>
      sayCheck(
        ours.filter((one) => one.check === check),
        width,
      ),
    );
    return `${paint('strong', group)}\n${said.join('')}`;
  });
  return `${paragraphs.join('\n')}\n${sumOf(findings)}\n`;
}

/** What could not be looked at for the same reason is said once. */
function merged(findings: readonly Finding[]): Finding[] {
  return findings.flatMap((finding, at) => {
    const isSame = (other: Finding): boolean =>
      finding.verdict === 'unknown' && other.verdict === 'unknown' && other.says === finding.says;
    if (findings.slice(0, at).some(isSame)) return [];
    const others = findings.slice(at + 1).filter(isSame);
    if (others.length === 0) return [finding];
    const names = others.map(({ check }) => check).join(', ');
    return [{ ...finding, says: `${finding.says}; the same with ${names}` }];
  });
}

/** What one check finds at hundreds of nodes nobody reads. */
const MOST = 10;

function sayCheck(findings: readonly Finding[], width: number): string {
  const first = findings.toSorted((one, other) => rank(one) - rank(other)).slice(0, MOST);
  const said = first.map((finding) => sayFinding(finding, width)).join('');
  const more = findings.length - first.length;
  return more === 0 ? said : `${said}      and ${more} more, with --json\n`;
}

const rank = ({ verdict }: Finding): number => SUMMED.indexOf(verdict);

/** All in the same columns, whatever the others say. */
const VERDICT_WIDTH = 9;
const CHECK_WIDTH = 19;

function sayFinding({ verdict, check, says, mend }: Finding, width: number): string {
  const [word, style] = WORDS[verdict];
  const head = [`  ${paint(style, word)}${' '.repeat(VERDICT_WIDTH - 2 - word.length)}`];
  const name = check.padEnd(CHECK_WIDTH - 2);
  const [advice, ...commands] = mend?.split('\n') ?? [];
  const rows = [[...head, name, says], ...(advice === undefined ? [] : [['', '', `-> ${advice}`]])];
  // A command that is cut cannot be copied.
  return columns(rows, width) + commands.map((line) => `      ${line}\n`).join('');
}

function sumOf(findings: readonly Finding[]): string {
  const count = (verdict: Verdict): number =>
    findings.filter((finding) => finding.verdict === verdict).length;
  const parts = SUMMED.flatMap((verdict) => {
    const [word, style] = WORDS[verdict];
    const found = count(verdict);
    if (found === 0) return [];
    const plural = verdict === 'warning' && found > 1 ? 's' : '';
    return [paint(style, `${found} ${word.toLowerCase()}${plural}`)];
  });
  return parts.join(', ');
}
