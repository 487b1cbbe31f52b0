"""The style of the page: light and dark, narrow and wide, screen and paper."""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #fff; --text: #1c2024; --soft: #60646c; --line: #d9dbe0; --shade: #f4f5f7;
  --good: #18794e; --bad: #c0272d; --doubt: #8a4b00; --mark: #fdecec;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #111214; --text: #edeef0; --soft: #a5a9b1; --line: #34363c; --shade: #1b1c20;
    --good: #4cc38a; --bad: #ff8f8a; --doubt: #ffb45e; --mark: #2b1718;
  }
}
* { box-sizing: border-box; }
body {
  font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page);
  max-width: 66rem; margin: 0 auto; padding: 2rem 1rem 4rem;
}
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1.05rem; margin: 1.75rem 0 .25rem; }
h3 small { color: var(--soft); font-weight: normal; }
a { color: inherit; }
p { margin: .4rem 0; }
.verdict { font-size: 1.25rem; font-weight: 600; margin: .5rem 0 0; }
.soft { color: var(--soft); }
.good { color: var(--good); } .bad { color: var(--bad); } .doubt { color: var(--doubt); }
.status { white-space: nowrap; font-weight: 600; }
ul.counts { list-style: none; display: flex; flex-wrap: wrap; gap: .5rem; padding: 0; margin: 1rem 0; }
ul.counts li { border: 1px solid var(--line); border-radius: .4rem; padding: .25rem .7rem; }
ul.counts b { font-variant-numeric: tabular-nums; }
ul.areas { list-style: none; display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: 0 1.5rem;
  padding: 0; margin: 0; }
ul.areas li { display: flex; justify-content: space-between; border-bottom: 1px solid var(--line); padding: .15rem 0;
  font-variant-numeric: tabular-nums; }
article { border: 1px solid var(--line); border-left: 4px solid var(--bad); border-radius: .4rem; padding: .75rem 1rem;
  margin: 1rem 0; }
article h3 { margin-top: 0; }
article.expected { border-left-color: var(--doubt); }
.first { background: var(--mark); border-radius: .4rem; padding: .5rem .8rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid var(--line); }
td.id, td.status { width: 1%; white-space: nowrap; font-variant-numeric: tabular-nums; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.25rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
pre, code { font: .84rem/1.5 ui-monospace, monospace; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: .6rem .8rem; margin: .5rem 0; background: var(--shade);
  border-radius: .4rem; }
blockquote { margin: .5rem 0; padding-left: .8rem; border-left: 3px solid var(--line); }
summary { cursor: pointer; color: var(--soft); font-size: .85rem; }
:target { outline: 2px solid var(--doubt); outline-offset: 2px; }
@media (max-width: 40rem) {
  dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; }
  td.id, td.status { width: auto; }
}
@media print {
  :root { color-scheme: light; --page: #fff; --text: #000; --soft: #444; --line: #bbb; --shade: #f4f5f7;
    --good: #18794e; --bad: #c0272d; --doubt: #8a4b00; --mark: #fff; }
  body { font-size: 10pt; max-width: none; padding: 0; }
  article, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  nav { display: none; }
  summary { list-style: none; }
}
"""
