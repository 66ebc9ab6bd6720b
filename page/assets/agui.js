// AGUI reads events of AG-UI, of version 1.0 and what came before it. It takes
// what arrives as it is: ids in snake case, parts without a beginning, ends
// without a part.

import { isObject, text, gist, cut } from "./json.js";

export class AGUI {
  #session;

  constructor(session) {
    this.#session = session;
    this.#reset();
  }

  #reset() {
    this.messages = new Map();  // by id, while they are open
    this.thoughts = new Map();
    this.tools = new Map();     // by id, until the next run
    this.steps = new Map();
    this.activities = new Map();
    this.message = this.thought = this.tool = null; // the last ones, for chunks that name none
    this.raw = null;
  }

  // read takes an event, and reports whether it knows what it is.
  read(record) {
    const event = record.data;
    if (!isObject(event) || !Object.hasOwn(known, record.type)) return false;
    return known[record.type](this, event, this.#session) !== false;
  }

  start(event) {
    this.#reset();
    this.run = this.#session.add("run", {
      title: "Run",
      name: id(event, "run"),
      state: "running",
      model: text(event.model),
    });
    this.#session.status = "running";
  }

  // end closes what is open, and says how the run ended.
  end(state, fields) {
    const s = this.#session;
    for (const open of [this.messages, this.thoughts]) {
      for (const item of open.values()) s.change(item, { open: false });
      open.clear();
    }
    for (const item of this.tools.values()) {
      if (item.state === "arguments") s.change(item, { state: "called" });
    }
    for (const item of this.steps.values()) s.change(item, { state: "left open" });
    this.steps.clear();
    this.message = this.thought = this.tool = null;
    // A run that failed stays failed: some say RUN_FINISHED after RUN_ERROR.
    const run = this.run;
    if (run?.state === "failed" && state === "finished") return;
    if (run) s.change(run, { state });
    s.status = state;
    s.add("end", { state, took: run ? s.now - run.at : 0, ...fields });
  }

  // begin opens a text or a thought; one that is open already goes on.
  begin(open, kind, key, fields) {
    const found = open.get(key);
    if (found && !found.gone) return found;
    const item = this.#session.add(kind, { text: "", open: true, ...fields });
    open.set(key, item);
    return item;
  }

  finish(open, key) {
    const item = open.get(key);
    if (item) this.#session.change(item, { open: false });
    open.delete(key);
  }

  write(open, kind, key, event, fields) {
    const item = this.begin(open, kind, key, fields);
    this.#session.append(item, text(event.delta));
    return item;
  }

  call(key, event) {
    const found = this.tools.get(key);
    if (found && !found.gone) return found;
    const item = this.#session.add("tool", {
      name: text(event.toolCallName) || "tool", args: "", result: undefined, state: "arguments", by: by(event),
    });
    this.tools.set(key, item);
    return item;
  }
}

// id returns the id of a thing, which some send in snake case.
function id(event, thing) {
  return text(event[thing + "Id"] ?? event[thing + "_id"]);
}

// by says which subagent an event comes from.
function by(event) {
  return text(event.subagentRunId);
}

function author(event) {
  return { role: text(event.role) || "assistant", name: text(event.name), by: by(event) };
}

// content returns the text of a message or a result, which may be in parts.
export function content(value) {
  if (!Array.isArray(value)) return text(value);
  return value.map((part) => (isObject(part) && typeof part.text === "string" ? part.text : text(part))).join("\n");
}

// known has a function for each type of event; one that returns false does not
// know it after all.
const known = {
  RUN_STARTED(r, e, s) {
    r.start(e);
    const asked = isObject(e.input) && Array.isArray(e.input.messages) ? e.input.messages.at(-1) : null;
    if (isObject(asked) && asked.role === "user") {
      s.add("message", { role: "user", name: "", by: "", text: content(asked.content), open: false });
    }
  },
  RUN_FINISHED(r, e) {
    const outcome = isObject(e.outcome) ? e.outcome : {};
    const interrupts = Array.isArray(outcome.interrupts) ? outcome.interrupts.filter(isObject) : [];
    const state = { interrupt: "waiting", cancelled: "cancelled" }[outcome.type] || "finished";
    const detail = interrupts.map((i) => text(i.message) || text(i.reason)).join("; ");
    r.end(state, { detail, usage: usage(e.usage), result: e.result });
  },
  RUN_ERROR(r, e) {
    const message = text(e.message) || text(e.error) || "no message";
    r.end("failed", { detail: e.code ? `${message} (${text(e.code)})` : message, usage: usage(e.usage) });
  },
  STEP_STARTED(r, e, s) {
    const name = text(e.stepName ?? e.step_name);
    r.steps.set(name, s.add("step", { name, state: "running", by: by(e) }));
  },
  STEP_FINISHED(r, e, s) {
    const name = text(e.stepName ?? e.step_name);
    const item = r.steps.get(name) || s.add("step", { name, by: by(e) });
    s.change(item, { state: "finished", took: s.now - item.at });
    r.steps.delete(name);
  },

  TEXT_MESSAGE_START(r, e) {
    r.message = id(e, "message");
    r.begin(r.messages, "message", r.message, author(e));
  },
  TEXT_MESSAGE_CONTENT(r, e) {
    r.write(r.messages, "message", id(e, "message"), e, author(e));
  },
  TEXT_MESSAGE_END(r, e) {
    r.finish(r.messages, id(e, "message"));
  },
  TEXT_MESSAGE_CHUNK(r, e) {
    const key = id(e, "message") || r.message || "";
    if (r.message !== null && r.message !== key) r.finish(r.messages, r.message);
    r.message = key;
    r.write(r.messages, "message", key, e, author(e));
  },

  REASONING_START() {},
  REASONING_END() {},
  REASONING_MESSAGE_START(r, e) {
    r.thought = id(e, "message");
    r.begin(r.thoughts, "reasoning", r.thought, { by: by(e) });
  },
  REASONING_MESSAGE_CONTENT(r, e) {
    r.write(r.thoughts, "reasoning", id(e, "message"), e, { by: by(e) });
  },
  REASONING_MESSAGE_END(r, e) {
    r.finish(r.thoughts, id(e, "message"));
  },
  REASONING_MESSAGE_CHUNK(r, e) {
    const key = id(e, "message") || r.thought || "";
    if (r.thought !== null && r.thought !== key) r.finish(r.thoughts, r.thought);
    r.thought = key;
    r.write(r.thoughts, "reasoning", key, e, { by: by(e) });
  },
  // Before 1.0 there was one at a time, without an id.
  THINKING_START() {},
  THINKING_END() {},
  THINKING_TEXT_MESSAGE_START(r) {
    r.begin(r.thoughts, "reasoning", "", { by: "" });
  },
  THINKING_TEXT_MESSAGE_CONTENT(r, e) {
    r.write(r.thoughts, "reasoning", "", e, { by: "" });
  },
  THINKING_TEXT_MESSAGE_END(r) {
    r.finish(r.thoughts, "");
  },

  TOOL_CALL_START(r, e) {
    r.tool = text(e.toolCallId ?? e.tool_call_id);
    r.call(r.tool, e);
  },
  TOOL_CALL_ARGS(r, e, s) {
    s.append(r.call(text(e.toolCallId ?? e.tool_call_id), e), text(e.delta), "args");
  },
  TOOL_CALL_END(r, e, s) {
    s.change(r.call(text(e.toolCallId ?? e.tool_call_id), e), { state: "called" });
  },
  TOOL_CALL_CHUNK(r, e, s) {
    r.tool = text(e.toolCallId ?? e.tool_call_id) || r.tool || "";
    s.append(r.call(r.tool, e), text(e.delta), "args");
  },
  TOOL_CALL_RESULT(r, e, s) {
    const result = content(e.content ?? e.result);
    s.change(r.call(text(e.toolCallId ?? e.tool_call_id), e), { state: "done", result });
  },

  STATE_SNAPSHOT(r, e, s) {
    s.fold("State", [{ label: "snapshot", value: e.snapshot }], { hint: "snapshot" });
  },
  STATE_DELTA(r, e, s) {
    s.fold("State", [{ label: "change", value: e.delta }], { hint: operations(e.delta) });
  },
  MESSAGES_SNAPSHOT(r, e, s) {
    const messages = Array.isArray(e.messages) ? e.messages : [];
    const last = messages.at(-1);
    const hint = isObject(last) ? `${messages.length}, the last from ${text(last.role || last.type)}: ${content(last.content)}` : "none";
    s.fold("Messages", [{ label: "snapshot", value: e.messages }], { hint: cut(hint) });
  },
  ACTIVITY_SNAPSHOT(r, e, s) {
    activity(r, e, s, { label: "snapshot", value: e.content }, gist(e.content));
  },
  ACTIVITY_DELTA(r, e, s) {
    activity(r, e, s, { label: "change", value: e.patch }, operations(e.patch));
  },

  RAW(r, e, s) {
    r.raw = s.fold("RAW", [{ label: text(e.source), value: e.event }], { hint: "" }, r.raw);
  },
  CUSTOM(r, e, s) {
    s.fold("CUSTOM", [{ label: text(e.name), value: e.value }], { hint: `${text(e.name)} ${gist(e.value)}` });
  },
  REASONING_ENCRYPTED_VALUE(r, e, s) {
    const length = text(e.encryptedValue).length;
    s.fold("Encrypted reasoning", [{ label: text(e.subtype), value: e }], { hint: `${length} characters` });
  },

  SUBAGENT_STARTED(r, e, s) {
    s.add("step", { label: "Subagent", name: text(e.name), detail: text(e.description), state: "running", by: by(e) });
  },
  SUBAGENT_FINISHED(r, e, s) {
    s.add("step", { label: "Subagent", name: "", state: "finished", by: by(e) });
  },
  SUBAGENT_ERROR(r, e, s) {
    s.add("step", { label: "Subagent", name: "", detail: text(e.message), state: "failed", by: by(e) });
  },
};

function activity(r, e, s, entry, hint) {
  const key = id(e, "message");
  const item = s.fold(`Activity · ${text(e.activityType)}`, [entry], { hint }, r.activities.get(key) || null);
  r.activities.set(key, item);
}

// operations describes a JSON Patch.
function operations(patch) {
  if (!Array.isArray(patch)) return "";
  return cut(patch.filter(isObject).map((o) => `${text(o.op)} ${text(o.path) || "/"}`).join(", "));
}

// usage adds the tokens up.
function usage(all) {
  if (!Array.isArray(all)) return 0;
  return all.filter(isObject).reduce((sum, u) => sum + (u.totalTokens ?? (u.inputTokens || 0) + (u.outputTokens || 0)), 0);
}
