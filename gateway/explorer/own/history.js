// What was asked before, newest first. Headers are left out: they hold tokens, and this storage outlives the visit.

const KEY = "retailgraph.history";
const KEPT_MAX = 40;

function read() {
  try {
    const kept = JSON.parse(window.localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}

function title(query) {
  const named = query.match(/\b(?:query|mutation|subscription)\s+(\w+)/);
  return named ? named[1] : query.replace(/#[^\n]*/g, "").replace(/\s+/g, " ").trim().slice(0, 80);
}

export class History {
  constructor(place, choose) {
    this.place = place;
    this.choose = choose;
    this.show();
  }

  add(entry) {
    const rest = read().filter((past) => past.query !== entry.query || past.variables !== entry.variables);
    try {
      window.localStorage.setItem(KEY, JSON.stringify([entry, ...rest].slice(0, KEPT_MAX)));
    } catch {
      // Storage is full or forbidden: the history is a convenience, the answer is not.
    }
    this.show();
  }

  show() {
    const kept = read();
    if (!kept.length) {
      const note = document.createElement("p");
      note.className = "note";
      note.textContent = "Queries that you run appear here, in this browser only. Headers are not kept.";
      this.place.replaceChildren(note);
      return;
    }
    const clear = document.createElement("button");
    clear.type = "button";
    clear.className = "quiet";
    clear.textContent = "Clear history";
    clear.addEventListener("click", () => {
      window.localStorage.removeItem(KEY);
      this.show();
    });
    this.place.replaceChildren(...kept.map((entry) => this.row(entry)), clear);
  }

  row(entry) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "past";
    const name = document.createElement("strong");
    name.textContent = title(entry.query);
    const when = document.createElement("span");
    when.textContent = `${new Date(entry.at).toLocaleString()} · ${entry.status} · ${entry.took} ms`;
    button.append(name, when);
    button.addEventListener("click", () => this.choose(entry));
    return button;
  }
}
