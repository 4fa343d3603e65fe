// Searches and filters the changes of a plan. Without it, the page shows them all.
//
// At any time only so many rows are laid out as can be read: those with the class "hit". So typing a letter costs one
// look at the text of each change, and work on the page for those alone that come or go.
(() => {
  "use strict";
  const STEP = 200; // rows of a domain that are shown at once, and matches that open their domains by themselves
  const copy = document.getElementById("copy"), copied = document.getElementById("copied");
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(copy.dataset.copy);
      copied.textContent = "copied";
    } catch { // not allowed here: the whole id, to be copied by hand
      copied.textContent = copy.dataset.copy;
    }
  });
  copy.hidden = false;
  if (!document.forms.length) { return; } // nothing changes

  const form = document.forms[0], fields = form.elements;
  const output = form.querySelector("output"), none = document.getElementById("none");
  const all = document.getElementById("all"), boxes = [...form.querySelectorAll("input[type=checkbox]")];
  const byId = new Map();
  const lower = (nodes) => [...nodes].map((node) => node.textContent).join(" ").toLowerCase();

  const domains = [...document.querySelectorAll(".domain")].map((node) => {
    const domain = {
      node, name: node.dataset.name, wanted: node.open, limit: STEP, found: [], hits: new Set(),
      told: node.querySelector(".found"), more: node.querySelector(".more"), total: 0,
    };
    domain.groups = [...node.querySelectorAll(".group")].map((part) => {
      const group = {
        node: part, kind: part.dataset.kind, action: part.dataset.action, text: lower(part.querySelectorAll(".equal, thead")),
      };
      group.rows = [...part.querySelectorAll(".row")].map((one) => {
        const row = { node: one, domain, group, text: (one.id + " " + one.textContent).toLowerCase() };
        byId.set(one.id, row);
        return row;
      });
      domain.total += group.rows.length;
      return group;
    });
    return domain;
  });
  const total = domains.reduce((sum, domain) => sum + domain.total, 0);

  function matches(domain, words, actions) {
    const found = [];
    if (fields.domain.value && fields.domain.value !== domain.name) { return found; }
    for (const group of domain.groups) {
      if (!actions.has(group.action) || (fields.kind.value && fields.kind.value !== group.kind)) { continue; }
      const rest = words.filter((word) => !group.text.includes(word));
      for (const row of group.rows) {
        if (rest.every((word) => row.text.includes(word))) { found.push(row); }
      }
    }
    return found;
  }

  function put(node, name, value) {
    if (node[name] !== value) { node[name] = value; }
  }

  // Lays out the rows of an open domain, as far as they are wanted.
  function fill(domain) {
    const next = new Set(domain.found.slice(0, domain.limit)), groups = new Set();
    for (const row of domain.hits) { if (!next.has(row)) { row.node.classList.remove("hit"); } }
    for (const row of next) {
      groups.add(row.group);
      if (!domain.hits.has(row)) { row.node.classList.add("hit"); }
    }
    for (const group of domain.groups) { put(group.node, "hidden", !groups.has(group)); }
    domain.hits = next;
    const left = domain.found.length - next.size;
    put(domain.more, "hidden", left === 0);
    put(domain.more, "textContent", `Show ${Math.min(STEP, left)} more of ${left}`);
  }

  // Shows what fits the filters. The domains of a few matches are open, unless the reader opens and closes by hand.
  function show(byHand = false) {
    const words = fields.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const actions = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let count = 0;
    for (const domain of domains) {
      domain.found = matches(domain, words, actions);
      count += domain.found.length;
    }
    const few = !byHand && count < total && count <= STEP;
    for (const domain of domains) {
      const found = domain.found.length;
      put(domain.node, "hidden", found === 0);
      put(domain.told, "textContent", found < domain.total ? `${found} of ${domain.total}` : "");
      put(domain.node, "open", found > 0 && (few || domain.wanted));
      if (domain.node.open) { fill(domain); }
    }
    output.textContent = `${count < total ? `${count} of ` : ""}${total} changes`;
    none.hidden = count > 0;
    label();
  }

  const closed = () => domains.some((domain) => !domain.node.hidden && !domain.node.open);

  function label() {
    all.textContent = closed() ? "Open all" : "Close all";
    all.hidden = domains.length < 2;
  }

  let waiting = 0;
  function soon() {
    waiting = waiting || requestAnimationFrame(() => {
      waiting = 0;
      for (const domain of domains) { domain.limit = STEP; }
      show();
    });
  }

  function reveal() {
    let row;
    try { row = byId.get(decodeURIComponent(location.hash.slice(1))); } catch { return; }
    if (!row) { return; }
    if (!row.domain.found.includes(row)) { form.reset(); show(); }
    row.domain.wanted = row.domain.node.open = true;
    row.domain.limit = Math.max(row.domain.limit, row.domain.found.indexOf(row) + 1);
    fill(row.domain);
    label();
    row.node.scrollIntoView({ block: "center" });
  }

  for (const domain of domains) {
    domain.node.querySelector("summary").addEventListener("click", () => {
      domain.wanted = !domain.node.open; // it turns only after this
      if (domain.wanted) { fill(domain); }
    });
    domain.node.addEventListener("toggle", () => { // also where the browser's own search opens it
      if (domain.node.open) { fill(domain); }
      label();
    });
    domain.more.addEventListener("click", () => {
      const first = domain.found[domain.limit];
      domain.limit += STEP;
      fill(domain);
      first.node.tabIndex = -1;
      first.node.focus({ preventScroll: true });
    });
  }
  all.addEventListener("click", () => {
    const open = closed();
    for (const domain of domains) { domain.wanted = open; }
    show(true);
  });

  form.addEventListener("input", soon);
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !/^(INPUT|SELECT)$/.test(event.target.tagName)) {
      event.preventDefault();
      fields.search.focus();
    } else if (event.key === "Escape" && event.target === fields.search) {
      fields.search.value = "";
      soon();
    }
  });

  addEventListener("hashchange", reveal);
  addEventListener("beforeprint", () => {
    for (const domain of domains) {
      domain.limit = Infinity;
      domain.node.open = true;
      fill(domain);
    }
  });
  addEventListener("afterprint", soon);

  document.documentElement.classList.add("js");
  form.hidden = false;
  show();
  reveal();
})();
