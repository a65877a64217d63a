// The schema, read by introspection and shown as pages that link to each other.
import { INTROSPECTION, named, typeText } from "./introspection.js";

const FOUND_MAX = 80;

// A default of null says no more than that the argument may be left out.
const meant = (value) => value && value !== "null";
// What begins with an underscore is for other gateways, not for people.
const shown = ({ name }) => !name.startsWith("_");

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

export class Reference {
  constructor(place, search) {
    this.place = place;
    this.search = search;
    this.trail = [];
    search.addEventListener("input", () => this.show());
  }

  async load(question) {
    const { answer, text, status } = await question(INTROSPECTION);
    const schema = answer?.data?.__schema;
    if (!schema) {
      this.schema = null;
      const why = answer?.errors?.[0]?.message ?? `${status} ${text.slice(0, 200)}`;
      this.place.replaceChildren(element("p", "note", `The schema cannot be read as this caller: ${why}`));
      return;
    }
    this.schema = schema;
    this.types = new Map(schema.types.filter(shown).map((type) => [type.name, type]));
    this.trail = this.trail.filter((name) => this.types.has(name));
    this.show();
  }

  show() {
    if (!this.schema) return;
    const wanted = this.search.value.trim().toLowerCase();
    const current = this.types.get(this.trail.at(-1));
    this.place.replaceChildren(...(wanted ? this.found(wanted) : current ? this.page(current) : this.cover()));
  }

  open(name) {
    this.search.value = "";
    const before = this.trail.indexOf(name);
    this.trail = before < 0 ? [...this.trail, name] : this.trail.slice(0, before + 1);
    this.show();
    this.place.parentElement.scrollTo(0, 0);
  }

  link(type) {
    const name = named(type);
    const button = element("button", "type", typeText(type));
    button.type = "button";
    button.addEventListener("click", () => this.open(name));
    return this.types.has(name) ? button : element("span", "type", typeText(type));
  }

  cover() {
    const roots = ["queryType", "mutationType", "subscriptionType"].map((root) => this.schema[root]?.name).filter(Boolean);
    const rest = [...this.types.values()].filter(({ name }) => !roots.includes(name));
    const kinds = { OBJECT: "Types", INTERFACE: "Interfaces", UNION: "Unions", ENUM: "Enums", INPUT_OBJECT: "Inputs", SCALAR: "Scalars" };
    const parts = [element("h4", "", "Start here"), this.list(roots.map((name) => this.types.get(name)))];
    for (const [kind, title] of Object.entries(kinds)) {
      const members = rest.filter((type) => type.kind === kind).sort((a, b) => a.name.localeCompare(b.name));
      if (members.length) parts.push(element("h4", "", title), this.list(members));
    }
    return parts;
  }

  list(types) {
    const rows = types.map((type) => {
      const said = type.description ? [element("p", "", type.description.split("\n")[0])] : [];
      return element("li", "", this.link(type), ...said);
    });
    return element("ul", "", ...rows);
  }

  page(type) {
    const kind = type.kind.toLowerCase().replace("_object", "").replace("object", "type");
    const parts = [this.crumbs(), element("h3", "", type.name, " ", element("small", "", kind))];
    if (type.description) parts.push(element("p", "", type.description));
    const section = (title, rows) => rows?.length && parts.push(element("h4", "", title), element("ul", "", ...rows));
    section("Implements", type.interfaces?.map((face) => element("li", "", this.link(face))));
    section("Fields", type.fields?.filter(shown).map((field) => this.field(field)));
    section("Input fields", type.inputFields?.map((field) => this.field(field)));
    section("Values", type.enumValues?.map((value) => this.field(value)));
    section("One of", type.possibleTypes?.map((member) => element("li", "", this.link(member))));
    return parts;
  }

  crumbs() {
    const start = element("button", "", "Schema");
    start.type = "button";
    start.addEventListener("click", () => {
      this.trail = [];
      this.show();
    });
    const steps = this.trail.slice(-4, -1).map((name) => this.link(this.types.get(name)));
    return element("nav", "crumbs", start, ...steps.flatMap((step) => ["›", step]));
  }

  field(field, owner) {
    const line = element("div", "signature");
    if (owner) line.append(this.link(owner), ".");
    line.append(element("span", "field-name", field.name));
    if (field.args?.length) {
      line.append("(", ...field.args.map((argument) => this.argument(argument)), ")");
    }
    if (field.type) line.append(": ", this.link(field.type));
    if (meant(field.defaultValue)) line.append(` = ${field.defaultValue}`);
    const row = element("li", "", line);
    if (field.description) row.append(element("p", "", field.description));
    if (field.isDeprecated) row.append(element("p", "gone", `Deprecated. ${field.deprecationReason ?? ""}`));
    return row;
  }

  argument(argument) {
    const line = element("span", "argument", `${argument.name}: `, this.link(argument.type));
    if (meant(argument.defaultValue)) line.append(` = ${argument.defaultValue}`);
    if (argument.description) line.title = argument.description;
    return line;
  }

  found(wanted) {
    const rows = [];
    for (const type of this.types.values()) {
      if (type.name.toLowerCase().includes(wanted)) rows.push([type.name.length, element("li", "", this.link(type))]);
      for (const field of [...(type.fields ?? []).filter(shown), ...(type.inputFields ?? []), ...(type.enumValues ?? [])]) {
        if (field.name.toLowerCase().includes(wanted)) rows.push([100 + field.name.length, this.field(field, type)]);
      }
    }
    rows.sort(([a], [b]) => a - b);
    const nearest = rows.slice(0, FOUND_MAX).map(([, row]) => row);
    const more = rows.length > FOUND_MAX ? `${rows.length} found, the ${FOUND_MAX} nearest shown` : `${rows.length} found`;
    return [element("p", "note", rows.length ? more : "Nothing in the schema has this name."), element("ul", "", ...nearest)];
  }
}
