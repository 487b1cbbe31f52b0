"use strict";

// Keeps the page up to date: asks for its content as a tree of [tag, attributes, children] and changes only what
// differs, so that focus, selection, scroll position and open details stay. A text is only ever a text node's data.
{
  const TREE = "application/vnd.lazyjobs.page+json";
  const SVG = "http://www.w3.org/2000/svg";
  const PATIENCE = 15_000;
  const EASE = 10; // what costs the server much time is asked for less often: a tenth of the time at most
  const KEPT = ["open", "aria-disabled"]; // set here or by who looks, and not by the server
  const every = Number(document.body.dataset.refresh);
  const view = document.getElementById("view");
  const trouble = document.getElementById("trouble");
  const said = document.getElementById("said");
  const updated = document.getElementById("updated");
  const pause = document.getElementById("pause");
  let timer = 0;
  let asking = null;
  let paused = false;

  function build(node, space) {
    if (typeof node === "string") return document.createTextNode(node);
    const [tag, attributes, children] = node;
    const inside = tag === "svg" ? SVG : space;
    const element = inside ? document.createElementNS(inside, tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children.map((child) => build(child, inside)));
    return element;
  }

  function isSame(old, node) {
    if (typeof node === "string") return old.nodeType === Node.TEXT_NODE;
    return old.nodeType === Node.ELEMENT_NODE && old.localName === node[0] && old.id === (node[1].id ?? "");
  }

  function move(parent, child, before) {
    if (parent.moveBefore) parent.moveBefore(child, before);
    else parent.insertBefore(child, before);
  }

  function patch(parent, nodes) {
    const kept = new Map();
    for (const child of parent.children) if (child.id) kept.set(child.id, child);
    const wanted = new Set(nodes.map((node) => node[1]?.id).filter(Boolean));
    for (const [id, child] of kept) if (!wanted.has(id)) child.remove();
    let next = parent.firstChild;
    for (const node of nodes) {
      const known = kept.get(node[1]?.id);
      if (known && isSame(known, node)) {
        if (known === next) next = next.nextSibling;
        else move(parent, known, next);
        update(known, node);
      } else if (next && isSame(next, node)) {
        update(next, node);
        next = next.nextSibling;
      } else {
        parent.insertBefore(build(node, parent.namespaceURI === SVG ? SVG : null), next);
      }
    }
    while (next) {
      const after = next.nextSibling;
      next.remove();
      next = after;
    }
  }

  function update(old, node) {
    if (typeof node === "string") {
      if (old.data !== node) old.data = node;
      return;
    }
    const [, attributes, children] = node;
    for (const { name } of [...old.attributes]) {
      if (!(name in attributes) && !KEPT.includes(name)) old.removeAttribute(name);
    }
    for (const [name, value] of Object.entries(attributes)) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    patch(old, children);
  }

  function show(content) {
    const focused = document.activeElement;
    const row = focused?.closest("tr")?.id;
    const held = focused?.closest("#recent") && focused;
    const place = held?.getBoundingClientRect().top;
    // What is being read is held in place here; otherwise by the browser, but not at the very top.
    document.documentElement.classList.toggle("held", Boolean(held));
    patch(view, content);
    if (held?.isConnected) scrollBy(0, held.getBoundingClientRect().top - place);
    if (document.activeElement === focused) return;
    const heir = focused.isConnected ? focused : document.getElementById(row)?.querySelector("a, button, summary");
    (heir ?? document.getElementById("recent-title"))?.focus({ preventScroll: true });
  }

  function say(words) {
    said.textContent = words;
  }

  function stamp(word) {
    const time = new Date().toLocaleTimeString([], { timeStyle: "medium", hourCycle: "h23" });
    updated.textContent = `${word} ${time}`;
    updated.hidden = false;
  }

  function complain(words) {
    if (trouble.textContent !== words) trouble.textContent = words;
    trouble.hidden = false;
    document.body.classList.add("stale");
  }

  function recover() {
    if (trouble.hidden) return;
    trouble.hidden = true;
    trouble.textContent = "";
    document.body.classList.remove("stale");
    say("Up to date again.");
  }

  async function explain(response) {
    const line = (await response.text()).trim().slice(0, 500);
    if (response.status === 401) return "The token is not accepted any more. Load the page again to give it.";
    if (response.headers.get("Content-Type")?.startsWith("text/plain")) return `What is shown is old. The server answers: ${line}`;
    return `What is shown is old. The server answers with status ${response.status}.`;
  }

  async function ask() {
    const response = await fetch(location.pathname + location.search, {
      headers: { Accept: TREE },
      cache: "no-store",
      signal: AbortSignal.any([asking.signal, AbortSignal.timeout(PATIENCE)]),
    });
    if (!response.ok || response.headers.get("Content-Type") !== TREE) throw new Error(await explain(response));
    const [, took] = /\bdur=([\d.]+)/.exec(response.headers.get("Server-Timing") ?? "") ?? [, 0];
    return { ...(await response.json()), took: Number(took) };
  }

  async function refresh() {
    clearTimeout(timer);
    asking?.abort();
    const mine = (asking = new AbortController());
    const start = performance.now();
    let rest = every;
    try {
      const { title, content, took } = await ask();
      if (mine !== asking) return;
      rest = EASE * took;
      document.title = title;
      show(content);
      stamp(paused ? "Paused at" : "Updated");
      recover();
    } catch (error) {
      if (mine !== asking) return;
      const lost = error instanceof TypeError || error instanceof DOMException;
      complain(lost ? "What is shown is old. The server does not answer." : error.message);
      rest = Math.min(PATIENCE, EASE * (performance.now() - start));
    }
    asking = null;
    plan(Math.max(every, rest));
  }

  function plan(delay) {
    clearTimeout(timer);
    if (!paused && !document.hidden) timer = setTimeout(refresh, delay);
  }

  function rest() {
    clearTimeout(timer);
    asking?.abort();
    asking = null;
  }

  async function requeue(form) {
    const button = form.querySelector("button");
    if (button.getAttribute("aria-disabled")) return;
    const record = form.closest("tr").id.slice(1);
    button.setAttribute("aria-disabled", "true");
    try {
      const response = await fetch(form.action, { method: "POST", headers: { Accept: "application/json" } });
      if (response.status === 201) say(`Record ${record} was requeued as record ${(await response.json()).id}.`);
      else say(`Not requeued: ${(await response.text()).trim().slice(0, 300)}`);
    } catch {
      say(`Record ${record} was not seen to be requeued: the server does not answer.`);
    }
    await refresh(); // until then the button would do it again
    button.removeAttribute("aria-disabled");
  }

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form.requeue")) return;
    event.preventDefault();
    requeue(event.target);
  });

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) rest();
    else if (!paused) refresh();
  });

  pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? "Resume" : "Pause";
    document.body.classList.toggle("paused", paused);
    if (paused) {
      rest();
      stamp("Paused at");
    } else refresh();
  });

  pause.hidden = false;
  if (trouble.hidden) stamp("Updated");
  else document.body.classList.add("stale");
  plan(every);
}
