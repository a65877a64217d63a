// Colours GraphQL and JSON text. Builds text nodes only, so no answer can become markup.

const GRAPHQL = /(#[^\n]*)|("""[\s\S]*?(?:"""|$)|"(?:\\.|[^"\\\n])*"?)|([$@]?[_A-Za-z]\w*)|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;
const JSON_TEXT = /("(?:\\.|[^"\\])*"?)(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|\b(true|false|null)\b/g;
const WORDS = new Set(["query", "mutation", "subscription", "fragment", "on", "true", "false", "null"]);
const TIERS = {
  '"LIVE"': "tier-good",
  '"FRESH"': "tier-good",
  '"STALE_OK"': "tier-warn",
  '"STALE_DEGRADED"': "tier-bad",
};
// Past this many characters colour costs more than it tells.
const PAINTED_MAX = 400_000;

function graphqlClass(match, text) {
  const [whole, remark, quoted, name] = match;
  if (remark) return "remark";
  if (quoted) return "text";
  if (!name) return "number";
  if (name[0] === "$") return "number";
  if (name[0] === "@" || WORDS.has(name)) return "word";
  return /^\s*:/.test(text.slice(match.index + whole.length)) || /^[A-Z]/.test(name) ? "name" : null;
}

function jsonClass([, quoted, colon, number, word]) {
  if (quoted) return colon ? "name" : (TIERS[quoted] ?? "text");
  return number ? "number" : word && "word";
}

export function paint(text, language) {
  const painted = document.createDocumentFragment();
  let end = 0;
  if (text.length <= PAINTED_MAX) {
    for (const match of text.matchAll(language === "json" ? JSON_TEXT : GRAPHQL)) {
      const kind = language === "json" ? jsonClass(match) : graphqlClass(match, text);
      if (!kind) continue;
      const piece = language === "json" && match[1] ? match[1] : match[0];
      painted.append(text.slice(end, match.index));
      const span = document.createElement("span");
      span.className = kind;
      span.textContent = piece;
      painted.append(span);
      end = match.index + piece.length;
    }
  }
  painted.append(text.slice(end));
  return painted;
}

// An answer line by line. Each line hangs from its own indentation, so that a long one wraps without losing its place.
export function paintLines(text) {
  const lines = document.createDocumentFragment();
  if (text.length > PAINTED_MAX) {
    lines.append(text);
    return lines;
  }
  for (const line of text.split("\n")) {
    const row = document.createElement("div");
    const hang = `${line.search(/\S|$/) + 4}ch`;
    row.style.paddingLeft = hang;
    row.style.textIndent = `-${hang}`;
    row.append(paint(line, "json"));
    lines.append(row);
  }
  return lines;
}
