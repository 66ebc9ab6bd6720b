// What was decoded from JSON can be anything. These make text of it.

// isObject reports whether a value is a JSON object.
export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// text returns a string as it is and anything else as JSON; nothing as "".
export function text(value) {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}

// gist returns a short line about a JSON value.
export function gist(value) {
  if (!isObject(value)) return cut(text(value));
  const parts = [];
  for (const [name, member] of Object.entries(value)) {
    if (name === "type" || name.startsWith("_") || typeof member === "object") continue;
    parts.push(`${name} ${cut(String(member), 40)}`);
    if (parts.length === 4) break;
  }
  return cut(parts.join(" · "));
}

// cut shortens a text for a line.
export function cut(value, most = 110) {
  const line = value.slice(0, most * 4).replace(/\s+/g, " ").trim();
  return line.length > most ? line.slice(0, most - 1) + "…" : line;
}

// pretty returns a JSON value over several lines.
export function pretty(value) {
  if (typeof value === "string") return value;
  return JSON.stringify(value, null, 2) ?? "";
}

// prettyText does the same to a text, if it is JSON.
export function prettyText(value) {
  try {
    return JSON.stringify(JSON.parse(value), null, 2);
  } catch {
    return value; // not yet, or not at all
  }
}
