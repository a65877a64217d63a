// One question to the endpoint, and the same question as a curl command.

const TIMEOUT_MS = 60_000;
const LARGEST_SHOWN = 5_000_000;

export class Mistake extends Error {}

function object(text, what) {
  if (!text.trim()) return {};
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Mistake(`The ${what} are not JSON: ${error.message}`);
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new Mistake(`The ${what} must be a JSON object, such as { "sku": "SKU-00001" }.`);
  }
  return value;
}

export function compose({ query, variables, headers, authorization }) {
  const body = { query };
  const given = object(variables, "variables");
  if (Object.keys(given).length) body.variables = given;
  const all = { "Content-Type": "application/json", Accept: "application/graphql-response+json" };
  if (authorization) all.Authorization = authorization;
  for (const [name, value] of Object.entries(object(headers, "headers"))) {
    for (const known of Object.keys(all)) if (known.toLowerCase() === name.toLowerCase()) delete all[known];
    all[name] = String(value);
  }
  return { headers: all, body: JSON.stringify(body) };
}

export async function ask(endpoint, request) {
  const started = performance.now();
  const response = await fetch(endpoint, {
    method: "POST",
    ...request,
    credentials: "omit",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  const took = performance.now() - started;
  let answer = null;
  try {
    answer = JSON.parse(text);
  } catch {
    // Shown as it came: a proxy in between may answer in HTML.
  }
  return {
    status: response.status,
    ok: response.ok,
    took,
    size: new Blob([text]).size,
    correlation: response.headers.get("x-correlation-id"),
    answer,
    text: (answer ? JSON.stringify(answer, null, 2) : text).slice(0, LARGEST_SHOWN),
  };
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

export function curl(address, { headers, body }) {
  const shown = Object.entries(headers).filter(([name]) => name !== "Accept");
  const given = shown.map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
  return ["curl -s", ...given, `--data-raw ${quoted(body)}`, quoted(address)].join(" \\\n  ");
}

export function size(bytes) {
  return bytes < 1000 ? `${bytes} B` : bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

// Counts the freshness objects anywhere in the data: how many answers came from where, and how old they are.
export function freshness(data) {
  const found = new Map();
  const walk = (value) => {
    if (value === null || typeof value !== "object") return;
    if (typeof value.tier === "string" && ("ageSeconds" in value || "observedAt" in value || "source" in value)) {
      const row = found.get(value.tier) ?? { tier: value.tier, count: 0, oldest: null, sources: new Set() };
      row.count += 1;
      if (typeof value.ageSeconds === "number") row.oldest = Math.max(row.oldest ?? 0, value.ageSeconds);
      if (value.source) row.sources.add(value.source);
      found.set(value.tier, row);
    }
    Object.values(value).forEach(walk);
  };
  walk(data);
  return [...found.values()];
}
