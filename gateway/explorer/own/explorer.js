// Assembles the page: editors, the caller, one run at a time, the answer.
import { Editor } from "./editor.js";
import { History } from "./history.js";
import { paintLines } from "./paint.js";
import { Reference } from "./reference.js";
import { ask, compose, curl, freshness, Mistake, size } from "./request.js";

const DRAFT = "retailgraph.draft";
const MOOD = { LIVE: "good", FRESH: "good", STALE_OK: "warn", STALE_DEGRADED: "bad" };
const at = (id) => document.getElementById(id);

const welcome = await (await fetch("/explorer.json")).json();
const query = new Editor(at("query"), { numbered: true });
const variables = new Editor(at("variables"));
const headers = new Editor(at("headers"));

function span(className, ...children) {
  const made = document.createElement("span");
  made.className = className;
  made.append(...children);
  return made;
}

// Drafts outlive the visit; headers live as long as the tab, because they hold tokens.
function keep() {
  try {
    window.localStorage.setItem(DRAFT, JSON.stringify({ query: query.text, variables: variables.text }));
    window.sessionStorage.setItem(DRAFT, headers.text);
  } catch {
    // A browser that keeps nothing is still a browser that can ask.
  }
}

function recall() {
  let draft = {};
  try {
    draft = JSON.parse(window.localStorage.getItem(DRAFT) ?? "{}") ?? {};
  } catch {
    draft = {};
  }
  query.text = draft.query?.trim() ? draft.query : welcome.query;
  variables.text = draft.variables ?? "";
  headers.text = window.sessionStorage.getItem(DRAFT) ?? "";
}

function authorization() {
  return welcome.callers[Number(at("caller").value)]?.authorization;
}

function request(text = query.text, given = variables.text) {
  return compose({ query: text, variables: given, headers: headers.text, authorization: authorization() });
}

function empty(title, text) {
  const box = document.createElement("div");
  box.className = "empty";
  const strong = document.createElement("strong");
  strong.textContent = title;
  box.append(strong, text);
  at("result").replaceChildren(box);
}

function say(...parts) {
  at("status").replaceChildren(...parts);
}

function showFreshness(data) {
  const rows = freshness(data);
  at("freshness").hidden = rows.length === 0;
  const chips = rows.map(({ tier, count, oldest, sources }) => {
    const chip = span(`chip ${MOOD[tier] ?? "warn"}`, `${tier} × ${count}`);
    const details = [[...sources].join(", "), oldest === null ? "" : `oldest ${oldest} s`].filter(Boolean).join(", ");
    chip.title = details;
    return details ? [chip, details] : [chip];
  });
  at("freshness").replaceChildren("Freshness", ...chips.flat());
}

function problems(errors) {
  return errors.map((error) => {
    const box = document.createElement("p");
    box.className = "problem";
    const code = document.createElement("code");
    code.textContent = [error.extensions?.code, error.path?.join(".")].filter(Boolean).join(" at ");
    box.append(error.message, " ", code);
    return box;
  });
}

function showAnswer(result) {
  const errors = result.answer?.errors ?? [];
  const mood = !result.ok ? "bad" : errors.length ? "warn" : "good";
  const word = !result.ok ? "refused" : errors.length ? (result.answer.data ? "partial" : "failed") : "OK";
  say(
    span(`chip ${mood}`, `${result.status} ${word}`),
    span("", `${Math.round(result.took)} ms`),
    span("", size(result.size)),
    ...(result.correlation ? [span("", `id ${result.correlation.slice(0, 12)}`)] : []),
  );
  if (result.correlation) at("status").lastChild.title = `Correlation id ${result.correlation}`;
  const pre = document.createElement("pre");
  pre.append(result.answer ? paintLines(result.text) : result.text);
  at("result").replaceChildren(...problems(errors), pre);
  at("result").scrollTo(0, 0);
  showFreshness(result.answer?.data);
}

async function run() {
  if (at("run").getAttribute("aria-busy") === "true") return;
  at("run").setAttribute("aria-busy", "true");
  show("result");
  say("Running …");
  try {
    const result = await ask(welcome.endpoint, request());
    showAnswer(result);
    history.add({
      query: query.text,
      variables: variables.text,
      at: Date.now(),
      status: result.status,
      took: Math.round(result.took),
    });
  } catch (error) {
    at("freshness").hidden = true;
    say(span("chip bad", "Not sent"));
    if (error instanceof Mistake) empty("Almost", error.message);
    else if (error.name === "TimeoutError") empty("No answer", "The gateway did not answer within 60 seconds.");
    else empty("No answer", `The gateway cannot be reached (${error.message}). Is it still running?`);
  } finally {
    at("run").removeAttribute("aria-busy");
  }
}

function show(pane) {
  document.body.dataset.pane = pane;
  for (const button of document.querySelectorAll("[data-show]")) {
    button.setAttribute("aria-pressed", String(button.dataset.show === pane));
  }
}

function tabs(list) {
  const all = [...list.querySelectorAll('[role="tab"]')];
  const choose = (chosen) => {
    for (const tab of all) {
      const selected = tab === chosen;
      tab.setAttribute("aria-selected", String(selected));
      tab.tabIndex = selected ? 0 : -1;
      at(tab.getAttribute("aria-controls")).hidden = !selected;
    }
  };
  list.addEventListener("click", (event) => all.includes(event.target) && choose(event.target));
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
    choose(next);
    next.focus();
  });
}

const history = new History(at("history"), (entry) => {
  query.text = entry.query;
  variables.text = entry.variables;
  keep();
  show("query");
});
const reference = new Reference(at("reference"), at("search"));
const readSchema = () => reference.load((text) => ask(welcome.endpoint, request(text, ""))).catch(() => {
  at("reference").textContent = "The schema cannot be read now. Run a query to try again.";
});

at("endpoint").textContent = welcome.endpoint;
at("caller").append(new Option("Anonymous", "-1"), ...welcome.callers.map(({ name }, place) => new Option(name, String(place))));
at("caller").value = welcome.callers.length ? "0" : "-1";
at("caller-field").hidden = welcome.callers.length === 0;
at("caller").addEventListener("change", readSchema);
at("run-key").textContent = /Mac|iP(hone|ad)/.test(navigator.platform) ? "⌘ ↵" : "Ctrl ↵";
at("run").addEventListener("click", run);
at("first").addEventListener("click", () => {
  query.text = welcome.query;
  variables.text = "";
  keep();
});
at("as-curl").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(curl(new URL(welcome.endpoint, window.location.href).href, request()));
    at("as-curl").textContent = "Copied";
  } catch (error) {
    at("as-curl").textContent = error instanceof Mistake ? "Not valid JSON" : "Not allowed";
  }
  setTimeout(() => (at("as-curl").textContent = "Copy as curl"), 1500);
});
at("toggle-side").addEventListener("click", () => {
  const narrowed = document.body.classList.toggle("narrowed");
  at("toggle-side").setAttribute("aria-expanded", String(!narrowed));
});
document.querySelectorAll('[role="tablist"]').forEach(tabs);
document.querySelectorAll("[data-show]").forEach((button) => button.addEventListener("click", () => show(button.dataset.show)));
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    run();
  }
});
for (const editor of [query, variables, headers]) {
  editor.textarea.addEventListener("input", keep);
}

recall();
empty("Nothing asked yet", "Press Run, or Ctrl and Enter, to send the query on the left.");
readSchema();
document.documentElement.dataset.ready = "true";
