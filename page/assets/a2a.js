// A2A reads events of A2A, of versions 1.0 and 0.3: the first names what an
// event is by its only member, the other by its kind.

import { isObject, text } from "./json.js";

const KINDS = {
  task: "task", message: "message", statusUpdate: "statusUpdate", artifactUpdate: "artifactUpdate",
  "status-update": "statusUpdate", "artifact-update": "artifactUpdate",
};

export class A2A {
  #session;
  #tasks = new Map();
  #artifacts = new Map();

  constructor(session) {
    this.#session = session;
  }

  // read takes an event, and reports whether it knows what it is.
  read({ data }) {
    if (!isObject(data)) return false;
    const kind = Object.hasOwn(KINDS, data.kind) ? data.kind : Object.keys(KINDS).find((k) => isObject(data[k]));
    const event = isObject(data[kind]) ? data[kind] : data;
    switch (KINDS[kind]) {
      case "task": this.#task(event); return true;
      case "message": this.#message(event); return true;
      case "statusUpdate": this.#status(text(event.taskId), event.status); return true;
      case "artifactUpdate": this.#artifact(event.artifact, event); return true;
    }
    return false;
  }

  #task(task) {
    const item = this.#find(text(task.id));
    this.#session.fold("Task", [{ value: task }], { hint: `${text(task.id)} as it stands`, channel: "a2a" });
    this.#status(item.name, task.status);
    for (const artifact of Array.isArray(task.artifacts) ? task.artifacts : []) this.#artifact(artifact, {});
  }

  #find(name) {
    let item = this.#tasks.get(name);
    if (!item || item.gone) {
      item = this.#session.add("run", { title: "Task", name, state: "running" });
      this.#tasks.set(name, item);
    }
    return item;
  }

  #status(name, status) {
    if (!isObject(status)) return;
    const s = this.#session;
    const task = this.#find(name);
    const state = text(status.state).replace(/^TASK_STATE_/, "").toLowerCase().replaceAll(/[_-]/g, " ");
    if (isObject(status.message)) this.#message(status.message);
    if (state === task.said) return;
    s.status = tone(state);
    s.change(task, { state: s.status, said: state });
    if (s.status === "running") s.add("step", { label: "Task", name: state, state: "finished" });
    else s.add("end", { state: s.status, said: state, took: s.now - task.at });
  }

  #message(message) {
    const role = text(message.role).replace(/^ROLE_/, "").toLowerCase() || "agent";
    this.#session.add("message", { role, name: "", by: "", text: parts(message.parts), open: false });
  }

  #artifact(artifact, { append, lastChunk, last_chunk }) {
    if (!isObject(artifact)) return;
    const key = text(artifact.artifactId);
    let item = this.#artifacts.get(key);
    if (!item || item.gone || !append) {
      item = this.#session.add("message", {
        role: "artifact", name: text(artifact.name) || key, by: "", text: "",
      });
      this.#artifacts.set(key, item);
    }
    this.#session.append(item, parts(artifact.parts));
    this.#session.change(item, { open: append !== undefined && !(lastChunk ?? last_chunk) });
  }
}

// tone says which state of a run a task's state is like.
function tone(state) {
  if (state === "completed") return "finished";
  if (state === "failed" || state === "rejected") return "failed";
  if (state === "canceled") return "cancelled";
  return state.endsWith("required") ? "waiting" : "running";
}

// parts returns the text of parts; of what is not text, what it is.
function parts(all) {
  if (!Array.isArray(all)) return "";
  return all.filter(isObject).map((part) => {
    if (typeof part.text === "string") return part.text;
    if (part.data !== undefined) return JSON.stringify(part.data, null, 2);
    const file = isObject(part.file) ? part.file : part;
    return `[file ${text(file.filename ?? file.name ?? file.url ?? file.uri)}]`;
  }).join("\n");
}
