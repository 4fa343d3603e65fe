"""The style and the script of the HTML plan: one page, nothing fetched, nothing sent."""

STYLE = """
:root { color-scheme: light dark; --line: #d0d7de; --soft: #57606a; --lost: #b3001b; --lost-soft: #ffe9ec;
  --new: #116329; --edit: #7a4b00; --back: #fff; --ink: #1f2328; --bar: #f6f8fa; }
@media (prefers-color-scheme: dark) { :root { --line: #3d444d; --soft: #9da7b3; --lost: #ff8182; --lost-soft: #3b1219;
  --new: #4ac26b; --edit: #e0a53a; --back: #0d1117; --ink: #e6edf3; --bar: #161b22; } }
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back); }
header, main, footer { max-width: 70rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.4rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; }
.where, footer, .none { color: var(--soft); overflow-wrap: anywhere; }
.totals { font-size: 1.1rem; font-weight: 600; margin: .5rem 0; }
.alarm { border-left: .3rem solid var(--lost); background: var(--lost-soft); padding: .5rem .75rem; margin: .5rem 0;
  font-weight: 600; } .alarm code { font-weight: 400; overflow-wrap: anywhere; }
form { position: sticky; top: 0; z-index: 1; background: var(--bar); border: 1px solid var(--line);
  border-radius: .4rem; padding: .6rem .75rem; display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; }
form label { white-space: nowrap; } form fieldset { border: 0; margin: 0; padding: 0; display: flex; gap: .75rem;
  flex-wrap: wrap; } legend { position: absolute; left: -99rem; }
input[type=search] { font: inherit; padding: .2rem .4rem; width: 16rem; max-width: 60vw; } select { font: inherit; }
output { color: var(--soft); margin-left: auto; }
:focus-visible { outline: 3px solid #0969da; outline-offset: 1px; }
ul.changes { list-style: none; margin: 0; padding: 0; }
ul.changes > li { border-top: 1px solid var(--line); padding: .4rem 0; }
#more { font: inherit; margin: 1rem 0; padding: .3rem .8rem; }
li[hidden], section[hidden] { display: none; }
.sign { font: 600 .8rem/1.4 ui-monospace, monospace; display: inline-block; min-width: 5rem; }
.create .sign { color: var(--new); } .update .sign { color: var(--edit); }
.delete .sign, .disable .sign, .lost { color: var(--lost); } .lost { font-weight: 600; }
.address { font: .95rem/1.4 ui-monospace, monospace; overflow-wrap: anywhere; } .why { color: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; margin: .2rem 0 0 5rem;
  font: .85rem/1.5 ui-monospace, monospace; } dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
del { text-decoration-color: var(--lost); color: var(--soft); } ins { text-decoration: none; color: var(--new); }
.lines { border-left: 1px solid var(--line); padding-left: .6rem; white-space: pre-wrap; }
.lines > * { display: block; } .lines del { text-decoration: none; color: var(--lost); }
@media (max-width: 40rem) { dl { margin-left: 1rem; } }
@media print { form, #more { display: none; } ul.changes > li { break-inside: avoid; }
  body { font-size: 10pt; } .alarm { border: 1px solid; } details > * { display: block; } }
"""

SCRIPT = """
(function () {
  "use strict";
  var STEP = 200;  // a browser lays out so many changes at once without a pause
  var form = document.querySelector("form"), search = form.elements.search, kind = form.elements.kind;
  var output = form.querySelector("output"), boxes = form.querySelectorAll("input[type=checkbox]");
  var more = document.getElementById("more"), none = document.getElementById("none");
  var groups = document.querySelectorAll("section.group"), waiting = 0, limit = STEP;
  var items = Array.prototype.map.call(document.querySelectorAll("ul.changes > li"), function (item) {
    return { node: item, text: item.textContent.toLowerCase(), action: item.dataset.action, kind: item.dataset.kind,
             shown: true };
  });
  function show() {
    waiting = 0;
    var words = search.value.toLowerCase().split(/\\s+/).filter(Boolean), actions = {}, count = 0;
    boxes.forEach(function (box) { actions[box.value] = box.checked; });
    items.forEach(function (item) {
      var fits = actions[item.action] !== false && (!kind.value || kind.value === item.kind) &&
        words.every(function (word) { return item.text.indexOf(word) >= 0; });
      if (fits) { count += 1; }
      var shown = fits && count <= limit;
      if (shown !== item.shown) { item.node.hidden = !shown; item.shown = shown; }
    });
    groups.forEach(function (group) { group.hidden = !group.querySelector("li:not([hidden])"); });
    output.textContent = (count === items.length ? "" : count + " of ") + items.length + " changes";
    more.hidden = count <= limit;
    more.textContent = "Show " + Math.min(STEP, count - limit) + " more of " + (count - limit);
    none.hidden = count > 0;
  }
  function anew() { limit = STEP; if (!waiting) { waiting = window.requestAnimationFrame(show); } }
  form.hidden = false;
  form.addEventListener("input", anew);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  more.addEventListener("click", function () {
    var first = limit;
    limit += STEP;
    show();
    var next = items.filter(function (item) { return item.shown; })[first];
    if (next) { next.node.tabIndex = -1; next.node.focus({ preventScroll: true }); }
  });
  window.addEventListener("beforeprint", function () { limit = Infinity; show(); });
  window.addEventListener("afterprint", function () { limit = STEP; show(); });
  document.addEventListener("keydown", function (event) {
    if (event.key === "/" && event.target.tagName !== "INPUT" && event.target.tagName !== "SELECT") {
      event.preventDefault();
      search.focus();
    } else if (event.key === "Escape" && event.target === search) {
      search.value = "";
      anew();
    }
  });
  show();
}());
"""
