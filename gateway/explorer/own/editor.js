// A textarea with line numbers, colour and indentation. The textarea stays the one source of the text.
import { paint } from "./paint.js";

const STEP = "  ";

// execCommand is old, and still the only way to insert text that the browser's own undo knows about.
const insert = (text) => document.execCommand("insertText", false, text);

export class Editor {
  constructor(textarea, { numbered = false } = {}) {
    this.textarea = textarea;
    this.language = textarea.closest(".editor").dataset.language;
    const field = document.createElement("div");
    field.className = "field";
    this.paint = document.createElement("pre");
    this.paint.className = "paint";
    this.paint.setAttribute("aria-hidden", "true");
    textarea.replaceWith(field);
    field.append(this.paint, textarea);
    if (numbered) {
      this.lines = document.createElement("pre");
      this.lines.className = "lines";
      this.lines.setAttribute("aria-hidden", "true");
      field.before(this.lines);
    }
    textarea.addEventListener("input", () => this.show());
    textarea.addEventListener("scroll", () => this.follow());
    textarea.addEventListener("keydown", (event) => this.key(event));
    this.show();
  }

  get text() {
    return this.textarea.value;
  }

  set text(value) {
    this.textarea.value = value;
    this.textarea.scrollTo(0, 0);
    this.show();
    this.textarea.dispatchEvent(new Event("change"));
  }

  show() {
    // The last newline needs something after it, or the painted copy is one line shorter than the textarea.
    this.paint.replaceChildren(paint(this.text, this.language), "\n");
    if (this.lines) {
      const count = this.text.split("\n").length;
      this.lines.textContent = `${Array.from({ length: count }, (_, line) => line + 1).join("\n")}\n`;
    }
    this.follow();
  }

  follow() {
    this.paint.scrollTop = this.textarea.scrollTop;
    this.paint.scrollLeft = this.textarea.scrollLeft;
    if (this.lines) this.lines.scrollTop = this.textarea.scrollTop;
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    // Escape, then Tab, leaves the field: nobody is locked in by the keyboard.
    const leaving = this.leaving;
    this.leaving = event.key === "Escape" || (leaving && event.key === "Shift");
    if (event.key === "Tab" && !leaving) {
      event.preventDefault();
      this.indent(event.shiftKey);
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.breakLine();
    } else if ("}])".includes(event.key) && /^[ ]+$/.test(this.lineBefore())) {
      const { selectionStart, selectionEnd } = this.textarea;
      if (selectionStart === selectionEnd) this.textarea.setSelectionRange(selectionStart - STEP.length, selectionEnd);
    }
  }

  lineBefore() {
    const before = this.text.slice(0, this.textarea.selectionStart);
    return before.slice(before.lastIndexOf("\n") + 1);
  }

  breakLine() {
    const before = this.lineBefore();
    const margin = before.match(/^\s*/)[0];
    const opens = /[{([]\s*$/.test(before);
    const closes = /^[})\]]/.test(this.text.slice(this.textarea.selectionEnd));
    insert(`\n${margin}${opens ? STEP : ""}`);
    if (opens && closes) {
      const caret = this.textarea.selectionStart;
      insert(`\n${margin}`);
      this.textarea.setSelectionRange(caret, caret);
    }
  }

  indent(back) {
    const { selectionStart, selectionEnd, value } = this.textarea;
    if (selectionStart === selectionEnd && !back) {
      insert(STEP);
      return;
    }
    const from = value.lastIndexOf("\n", selectionStart - 1) + 1;
    const block = value.slice(from, selectionEnd);
    const moved = back ? block.replace(/^ {1,2}/gm, "") : block.replace(/^/gm, STEP);
    this.textarea.setSelectionRange(from, selectionEnd);
    insert(moved);
    this.textarea.setSelectionRange(from, from + moved.length);
  }
}
