// A Session turns the events of one conversation into items, the things that
// are shown: a message, a tool call, a state. Many events make one item. This
// file and the readers know nothing of the document.

import { AGUI } from "./agui.js";
import { A2A } from "./a2a.js";
import { cut, gist, isObject } from "./json.js";

const MOST_ITEMS = 500;       // of a session; the oldest go
const MOST_TEXT = 200_000;    // characters of an item
const MOST_ENTRIES = 50;      // of a fold; the oldest go

export class Session {
  #readers = { agui: new AGUI(this), a2a: new A2A(this) };
  #next = 0;

  constructor(user, name) {
    this.user = user;
    this.name = name;
    this.title = "";           // what its context is called, if somebody said
    this.channels = new Set();
    this.items = [];
    this.gone = 0;             // items that went
    this.events = 0;
    this.status = "";          // of the last run: running, finished, waiting, cancelled, failed
    this.last = null;          // when the last event came
    this.changed = new Set();  // items that changed since the caller cleared this
  }

  // read takes the next event, as GET /v1/feed describes it.
  read(record) {
    this.events++;
    this.last = this.now = new Date(record.time);
    this.channels.add(record.channel);
    if (record.channel === "system") this.#rename(record);
    const reader = Object.hasOwn(this.#readers, record.channel) ? this.#readers[record.channel] : null;
    if (!reader || !reader.read(record)) this.unknown(record);
  }

  // rename takes the name that an event gives to the context of this session.
  #rename({ type, data }) {
    if (type !== "CONTEXT_CREATED" && type !== "CONTEXT_UPDATED") return;
    if (!isObject(data) || data.contextId !== this.name || typeof data.name !== "string") return;
    this.title = cut(data.name) || this.title;
  }

  // unknown shows an event as it is. Neighbours of a type share an item.
  unknown(record) {
    const type = record.type || "event";
    const title = record.channel === "agui" ? type : `${record.channel} · ${type}`;
    this.fold(title, [{ value: record.data }], { hint: gist(record.data), channel: record.channel });
  }

  // add makes an item.
  add(kind, fields = {}) {
    const item = { number: this.#next++, kind, at: this.now, gone: false, ...fields };
    this.items.push(item);
    if (this.items.length > MOST_ITEMS) {
      const oldest = this.items.shift();
      oldest.gone = true;
      this.changed.delete(oldest);
      this.gone++;
    }
    return this.change(item);
  }

  // change sets fields of an item.
  change(item, fields = {}) {
    Object.assign(item, fields);
    if (!item.gone) this.changed.add(item);
    return item;
  }

  // append adds to the text of an item.
  append(item, delta, field = "text") {
    const room = MOST_TEXT - item[field].length;
    item[field] += delta.length <= room ? delta : delta.slice(0, room);
    if (delta.length > room) item.cut = (item.cut || 0) + delta.length - room;
    return this.change(item);
  }

  // fold shows entries, {label, value}, under a title that is folded. They join
  // the item given, or the last one if that has the same title.
  fold(title, entries, fields = {}, into = this.items.at(-1)) {
    if (!into || into.gone || into.kind !== "fold" || into.title !== title) {
      into = this.add("fold", { title, entries: [], count: 0, ...fields });
    }
    into.count += entries.length;
    into.entries = into.entries.concat(entries).slice(-MOST_ENTRIES);
    return this.change(into, fields);
  }
}
