// render makes the part of the document that shows an item, and keeps it
// current. Everything that comes from an event becomes a text node: nothing
// here takes markup.

import { prettyText, pretty, cut } from "./json.js";

const MOST_SHOWN = 20_000; // characters of a JSON value

// element returns a new element with a class and a text.
export function element(tag, className = "", content = "") {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (content) e.textContent = content;
  return e;
}

// set changes a text where it differs.
export function set(node, content) {
  if (node.textContent !== content) node.textContent = content;
}

// render returns {node, update}; update shows what changed of the item.
export function render(item) {
  const node = element("article", `item ${item.kind}`);
  const time = element("time", "", clock(item.at));
  time.dateTime = item.at.toISOString();
  const body = element("div", "body");
  node.append(time, body);
  const update = renderers[item.kind](body, item, node);
  update();
  return { node, update };
}

const renderers = {
  run(body, item) {
    const badge = element("span", "badge");
    body.append(element("strong", "", item.title), element("code", "", item.name), badge);
    if (item.model) body.append(element("span", "muted", item.model));
    return () => {
      badge.dataset.state = item.state;
      set(badge, item.said || item.state);
    };
  },

  end(body, item) {
    const facts = [];
    if (item.took >= 1) facts.push(`after ${duration(item.took)}`);
    if (item.usage) facts.push(`${item.usage.toLocaleString("en")} tokens`);
    const badge = element("span", "badge", item.said || item.state);
    badge.dataset.state = item.state;
    body.append(badge, element("span", "muted", facts.join(" · ")));
    if (item.detail) body.append(element("p", "detail", item.detail));
    if (item.result !== undefined) body.append(folded("Result", () => [["", item.result]]).node);
    return () => {};
  },

  message(body, item, node) {
    const who = element("p", "who", item.name && item.role !== "artifact" ? `${item.role} · ${item.name}` : item.role);
    if (item.role === "artifact") who.append(" ", element("code", "", item.name));
    if (["user", "assistant", "agent", "artifact"].includes(item.role)) node.classList.add(item.role);
    attribute(who, item);
    const show = growing(body, item);
    body.prepend(who);
    return () => {
      node.hidden = item.text === "";
      node.classList.toggle("open", item.open);
      show();
    };
  },

  reasoning(body, item, node) {
    const details = element("details");
    details.open = true;
    const summary = element("summary", "", "Reasoning");
    attribute(summary, item);
    details.append(summary);
    const show = growing(details, item);
    body.append(details);
    return () => {
      node.hidden = item.text === "";
      node.classList.toggle("open", item.open);
      show();
    };
  },

  tool(body, item) {
    const hint = element("span", "hint"), badge = element("span", "badge");
    const fold = folded("", () => {
      const parts = [["Arguments", prettyText(item.args) || "none"]];
      if (item.result !== undefined) parts.push(["Result", prettyText(item.result) || "empty"]);
      return parts;
    });
    const name = element("code", "name");
    fold.summary.append(name, hint, badge);
    attribute(fold.summary, item);
    body.append(fold.node);
    return () => {
      set(name, item.name);
      set(hint, cut(item.args, 80));
      badge.dataset.state = { done: "finished", called: "running", arguments: "running" }[item.state];
      set(badge, { done: "done", called: "called", arguments: "calling" }[item.state]);
      fold.update();
    };
  },

  step(body, item, node) {
    const state = element("span", "muted");
    body.append(element("span", "label", item.label || "Step"), element("span", "name", item.name), state);
    attribute(body, item);
    return () => {
      const took = item.took >= 1 ? duration(item.took) : "";
      const said = item.state === "finished" ? took : item.state || "";
      node.classList.toggle("failed", item.state === "failed");
      set(state, [item.detail, said].filter(Boolean).join(" · "));
    };
  },

  fold(body, item) {
    const count = element("span", "count"), hint = element("span", "hint");
    const fold = folded("", () => {
      const parts = item.entries.map((e) => [e.label || "", e.value]);
      const before = item.count - item.entries.length;
      if (before) parts.unshift([`${before} earlier ones are not shown`, undefined]);
      return parts;
    });
    fold.summary.append(element("span", "label", item.title), count, hint);
    body.append(fold.node);
    return () => {
      set(count, item.count > 1 ? `× ${item.count.toLocaleString("en")}` : "");
      set(hint, item.hint || "");
      fold.update();
    };
  },
};

// folded returns a details element whose contents are made when it is opened.
// parts returns pairs of a heading and a value.
function folded(title, parts) {
  const node = element("details"), summary = element("summary", "", title), inside = element("div", "inside");
  node.append(summary, inside);
  const update = () => {
    if (!node.open) return;
    inside.replaceChildren();
    for (const [heading, value] of parts()) {
      if (heading) inside.append(element("h4", "", heading));
      if (value !== undefined) inside.append(element("pre", "", bounded(pretty(value))));
    }
  };
  node.addEventListener("toggle", update);
  return { node, summary, update };
}

// bounded cuts what no one reads.
function bounded(text) {
  const more = text.length - MOST_SHOWN;
  return more > 0 ? `${text.slice(0, MOST_SHOWN)}\n… ${more.toLocaleString("en")} more characters` : text;
}

// growing shows a text to which more is added: only what is new is touched.
function growing(parent, item) {
  const p = element("p", "text"), node = document.createTextNode(""), rest = element("p", "muted");
  p.append(node);
  parent.append(p);
  return () => {
    if (item.text.length > node.length) node.appendData(item.text.slice(node.length));
    if (item.cut) {
      set(rest, `… ${item.cut.toLocaleString("en")} more characters`);
      parent.append(rest);
    }
  };
}

// attribute says which subagent it is from.
function attribute(parent, item) {
  if (item.by) parent.append(element("span", "by", item.by));
}

// clock returns the time of day.
export function clock(at) {
  return at.toLocaleTimeString("en-GB");
}

function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.floor(ms / 60_000)} min ${Math.round(ms / 1000) % 60} s`;
}
