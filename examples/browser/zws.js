// A small ZeroMQ client for browsers: ZWS 2.0 (RFC 45) on the platform's WebSocket, without dependencies. Also runs in Node.
//
//   import { ZwsSocket } from "./zws.js";
//   const news = new ZwsSocket("SUB", "ws://localhost:5556/news");
//   news.onmessage = ([topic, body]) => console.log(text(topic), text(body));
//   news.subscribe("weather");
//
// A message is an array of parts, each a Uint8Array; strings to be sent become UTF-8. What is sent before there is a connection waits
// for it. A lost connection comes back by itself, and with it the subscriptions.
//
// Speaks the sub-protocol "ZWS2.0", which has no mechanism: browsers take no name with a slash in it. So sockets with PLAIN or CURVE refuse
// it; protect it by wss and whatever is in front of it.

const MORE = 1;
const COMMAND = 2;
const utf8 = new TextEncoder();

const bytes = (part) =>
  typeof part === "string" ? utf8.encode(part) : part instanceof ArrayBuffer ? new Uint8Array(part) : part;

/** The text of a part. */
export const text = (part) => new TextDecoder().decode(part);

/** What the types do with messages on their way out and in. */
const TYPES = {
  PAIR: {},
  DEALER: {},
  CLIENT: {},
  PUSH: { receives: false },
  PULL: { sends: false },
  SUB: { sends: false },
  PUB: { receives: false },
  // An empty part before the request, and the one before the reply taken away. One request at a time.
  REQ: {
    wrap: (parts) => ["", ...parts],
    unwrap: (parts) => (parts.length > 1 && parts[0].length === 0 ? parts.slice(1) : null),
  },
};

export class ZwsSocket {
  /** Called with a message's parts. */
  onmessage = () => {};
  /** Called when the peer is there, again after each loss. */
  onopen = () => {};
  /** Called with the CloseEvent when a connection is lost, or could not be made. */
  onclose = () => {};

  #type;
  #url;
  #routingId;
  #pause;
  #longestPause;
  #most;
  #socket = null;
  #ready = false; // the peer has said its routing id
  #parts = []; // of the message that has begun
  #waiting = []; // messages, for a connection
  #topics = new Map(); // topic as text of its bytes: [bytes, how often]
  #subscribers = new Map(); // of a PUB: likewise, the peer's
  #retry = null;
  #closed = false;

  /**
   * type: "DEALER", "REQ", "SUB", ... ; url: "ws://host:port/path".
   * Options: routingId, by which a ROUTER knows this end; reconnect: [first, longest] pause in ms, null: not at all; queue: how many messages
   * may wait for a connection.
   */
  constructor(type, url, { routingId = "", reconnect = [100, 5000], queue = 1000 } = {}) {
    if (!(type in TYPES)) throw new TypeError(`no socket type of a browser's: ${type}`);
    this.#type = type;
    this.#url = url;
    this.#routingId = bytes(routingId);
    [this.#pause, this.#longestPause] = reconnect ?? [null, null];
    this.#most = queue;
    this.#connect(this.#pause);
  }

  /** Whether there is a peer. */
  get connected() {
    return this.#ready;
  }

  /** Sends a message: one part, or an array of them. False: as many messages wait as may, and this one is dropped. */
  send(message) {
    const rules = TYPES[this.#type];
    if (rules.sends === false) throw new TypeError(`${this.#type} does not send`);
    if (this.#closed) throw new TypeError("the socket is closed");
    let parts = (Array.isArray(message) ? message : [message]).map(bytes);
    if (this.#type === "PUB") {
      if (this.#ready && this.#isWanted(parts[0])) this.#write(parts);
      return true;
    }
    if (rules.wrap) parts = rules.wrap(parts).map(bytes);
    if (this.#ready) {
      this.#write(parts);
    } else {
      if (this.#waiting.length >= this.#most) return false;
      this.#waiting.push(parts);
    }
    return true;
  }

  /** Of a SUB: messages that begin with these bytes, or this text; "": all. */
  subscribe(topic = "") {
    this.#needs("SUB");
    const key = bytes(topic).join();
    const [, count] = this.#topics.get(key) ?? [null, 0];
    this.#topics.set(key, [bytes(topic), count + 1]);
    if (this.#ready && count === 0) this.#writeTopic(1, bytes(topic));
  }

  unsubscribe(topic = "") {
    this.#needs("SUB");
    const key = bytes(topic).join();
    const [, count] = this.#topics.get(key) ?? [null, 0];
    if (count > 1) this.#topics.set(key, [bytes(topic), count - 1]);
    else if (this.#topics.delete(key) && this.#ready) this.#writeTopic(0, bytes(topic));
  }

  /** Ends it for good; what waits is dropped. */
  close() {
    this.#closed = true;
    this.#ready = false;
    this.#waiting = [];
    clearTimeout(this.#retry);
    this.#socket?.close(1000);
  }

  // ---- the connection ----

  #connect(pause) {
    const socket = new WebSocket(this.#url, "ZWS2.0");
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.onopen = () => this.#writeFrame(0, this.#routingId);
    socket.onmessage = ({ data }) => this.#take(data);
    socket.onclose = (event) => {
      const was = this.#ready;
      this.#ready = false;
      this.#parts = [];
      this.#subscribers.clear();
      if (this.#closed || this.#pause === null) {
        this.#closed = true;
      } else {
        const next = was ? this.#pause : pause;
        this.#retry = setTimeout(() => this.#connect(Math.min(next * 2, this.#longestPause)), next);
      }
      this.onclose(event);
    };
    socket.onerror = () => {}; // a close follows, which says more
  }

  #needs(type) {
    if (this.#type !== type) throw new TypeError(`${this.#type} is no ${type}`);
  }

  // ---- frames: flags, then the body ----

  #writeFrame(flags, body) {
    const frame = new Uint8Array(1 + body.length);
    frame[0] = flags;
    frame.set(body, 1);
    this.#socket.send(frame);
  }

  #write(parts) {
    parts.forEach((part, at) => this.#writeFrame(at < parts.length - 1 ? MORE : 0, part));
  }

  #writeTopic(on, topic) {
    this.#writeFrame(0, Uint8Array.of(on, ...topic));
  }

  #take(data) {
    if (!(data instanceof ArrayBuffer) || data.byteLength === 0) {
      this.#socket.close(4000, "no ZWS frame");
      return;
    }
    const frame = new Uint8Array(data);
    if (!this.#ready) {
      this.#begin();
      return; // the frame was the peer's routing id
    }
    if (frame[0] & COMMAND) return; // there is none that would concern us
    this.#parts.push(frame.subarray(1));
    if (frame[0] & MORE) return;
    const message = this.#parts;
    this.#parts = [];
    this.#deliver(message);
  }

  #begin() {
    this.#ready = true;
    for (const [topic] of this.#topics.values()) this.#writeTopic(1, topic);
    for (const message of this.#waiting.splice(0)) this.#write(message);
    this.onopen();
  }

  #deliver(message) {
    const rules = TYPES[this.#type];
    if (this.#type === "PUB") {
      this.#note(message[0]);
    } else if (rules.receives !== false) {
      const parts = rules.unwrap ? rules.unwrap(message) : message;
      if (parts) this.onmessage(parts);
    }
  }

  // ---- a PUB's subscribers ----

  #note(frame) {
    if (frame.length === 0 || frame[0] > 1) return;
    const topic = frame.slice(1);
    const key = topic.join();
    const count = (this.#subscribers.get(key)?.[1] ?? 0) + (frame[0] === 1 ? 1 : -1);
    if (count > 0) this.#subscribers.set(key, [topic, count]);
    else this.#subscribers.delete(key);
  }

  #isWanted(part) {
    return [...this.#subscribers.values()].some(([topic]) => topic.every((byte, at) => part[at] === byte));
  }
}
