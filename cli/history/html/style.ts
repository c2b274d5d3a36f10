import { Html } from './markup.ts';

/** Each phase has a colour and a pattern of its own, so that it is told apart without colours too. */
const CSS = `
:root {
  --paper: #fff; --ink: #1b1f24; --faint: #59636e; --line: #d8dde3; --open: #e8f1e4; --strike: #0009;
  --waiting: #c6ccd3; --queued: #a9cfe8; --draining: #e69f00; --rebooting: #0072b2;
  --lost: #d55e00; --settling: #4cc19b; --undoing: #cc79a7; --paused: #f4ea7a; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171b; --ink: #e6e9ec; --faint: #9aa4ae; --line: #343b43; --open: #22331f; --strike: #000b;
    --waiting: #6b747d; --queued: #6fa8cc; --rebooting: #3b9ddb; --bad: #ff8a80;
  }
}
@media print {
  :root {
    --paper: #fff; --ink: #000; --faint: #333; --line: #bbb; --open: #e8f1e4; --strike: #0009;
    --waiting: #c6ccd3; --queued: #a9cfe8; --rebooting: #0072b2; --bad: #b3261e;
  }
}
* { box-sizing: border-box; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
body { margin: 1.5rem auto; padding: 0 1rem; max-width: 90rem; min-width: 44rem; background: var(--paper); color: var(--ink);
  font: 14px/1.4 system-ui, sans-serif; }
h1 { font-size: 1.3rem; margin: 0; } h2 { font-size: 1.1rem; margin: 1.5rem 0 .3rem; } h3 { font-size: 1rem; margin: 1.5rem 0 .3rem; }
p { margin: .2rem 0; color: var(--faint); }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: normal; overflow-wrap: anywhere; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0; margin: .5rem 0; list-style: none; }
.legend i { display: inline-block; position: static; width: 2.2rem; height: .9rem; vertical-align: -.1rem; border: 1px solid var(--line); }
.legend i.paused { border: 1px dashed #000; }
.legend i.open { background: var(--open); }
.legend i.budget { height: 0; border: 0; border-top: 2px dashed var(--bad); vertical-align: .25rem; }

.timeline { table-layout: fixed; }
.timeline caption { text-align: left; color: var(--faint); padding-bottom: .3rem; }
.timeline th:first-child { width: 16.5rem; padding: .15rem .6rem .15rem 0; font: 12px/1.3 ui-monospace, monospace; }
.timeline th:last-child, .timeline td:last-child { width: 9rem; padding-left: .6rem; overflow-wrap: anywhere; }
.timeline tr > :last-child { font: 12px/1.3 system-ui, sans-serif; }
.timeline tr { break-inside: avoid; }
.timeline tbody tr { border-top: 1px solid var(--line); }
.timeline tbody tr:last-child { border-bottom: 1px solid var(--line); }
.track { position: relative; height: 1.5rem; padding: 0; border: solid var(--line); border-width: 0 1px; background-image: var(--windows); }
.scale { height: 2.6rem; }
.tick { position: absolute; bottom: 0; padding-left: .25rem; border-left: 1px solid var(--faint); font-size: 11px; line-height: 1.2; white-space: nowrap; }
.tick b { display: block; font-weight: 600; }
.out td { height: 4.5rem; }
.out svg { position: absolute; inset: 0; width: 100%; height: 100%; }
.out path { fill: var(--faint); fill-opacity: .35; stroke: var(--faint); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.out .budget { stroke: var(--bad); stroke-width: 2; stroke-dasharray: 6 4; vector-effect: non-scaling-stroke; }
.end { color: var(--faint); }
.failed, .terminated, .timed-out, .quarantined { color: var(--bad); font-weight: 600; }

.bar { position: absolute; top: 15%; height: 70%; min-width: 2px; outline-offset: 1px; background-clip: border-box; }
.waiting { background: radial-gradient(var(--strike) .7px, transparent 1px) 0 0 / 7px 7px, var(--waiting); }
.queued { background: repeating-linear-gradient(0deg, var(--strike) 0 1px, transparent 1px 5px), var(--queued); }
.draining { background: repeating-linear-gradient(45deg, var(--strike) 0 1.5px, transparent 1.5px 7px), var(--draining); }
.rebooting { background: var(--rebooting); }
.lost { background: repeating-linear-gradient(45deg, var(--strike) 0 2px, transparent 2px 6px), repeating-linear-gradient(-45deg, var(--strike) 0 2px, transparent 2px 6px), var(--lost); }
.settling { background: repeating-linear-gradient(90deg, var(--strike) 0 1px, transparent 1px 5px), var(--settling); }
.undoing { background: repeating-linear-gradient(-45deg, var(--strike) 0 1.5px, transparent 1.5px 7px), var(--undoing); }
.paused { background: var(--paused); border: 1px dashed #000; }
.bar:focus-visible { outline: 2px solid var(--ink); z-index: 2; }
.bar:focus-visible::after { content: attr(title); position: absolute; top: calc(100% + 4px); left: 0; z-index: 3; width: max-content; max-width: 28rem;
  padding: .4rem .6rem; border: 1px solid var(--ink); background: var(--paper); color: var(--ink); font: 12px/1.4 system-ui, sans-serif; white-space: pre-line; }
.bar.late:focus-visible::after { left: auto; right: 0; }

.rollouts { font-size: 13px; }
.rollouts th, .rollouts td { padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.rollouts thead th { color: var(--faint); }
.rollouts thead th, .rollouts td:not(:last-child) { white-space: nowrap; }
.rollouts tbody th { min-width: 8rem; }
.rollouts td:last-child { width: 40%; overflow-wrap: anywhere; }
summary { color: var(--faint); cursor: pointer; }
ol { margin: .3rem 0; padding-left: 1rem; list-style: none; }
time { color: var(--faint); font: 12px ui-monospace, monospace; }

@page { size: A4 landscape; margin: 10mm; }
@media print {
  body { margin: 0; padding: 0; max-width: none; font-size: 11px; }
  .timeline tr:not(.out) td.track { height: 1.2rem; }
  .rollouts { font-size: 9px; } .rollouts tr { break-inside: avoid; } summary { display: none; }
  h2, h3, .legend { break-after: avoid; }
}
`;

export const STYLE = new Html(`<style>${CSS}</style>`);
