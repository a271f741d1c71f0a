// Hears that something changed. The tabs of one browser share one stream, for a browser opens only six connections to a
// server: the tab that holds the lock listens and tells the others. Where no stream can be had, it says so, and when to ask.

const NAME = "pipeline-live";
const FIRST_SIGN = 8_000; // an open stream says so at once; a proxy that keeps it back is no way to listen
const SILENCE = 40_000; // the server breathes every 15 seconds; a stream that is silent for so long is none
const DESERTED = 65_000; // a leader silent for so long is frozen, and somebody else takes over
const EVERY = 30_000; // how often to ask where no stream can be had
const AGAIN = { first: 15_000, last: 300_000 }; // when to try for a stream all the same, less and less often

/**
 * Begin to listen. `told` is called with { state: "on" | "poll" | "off" | "offline" }, with { nudge }, and with
 * { look: true } when something may have been missed: at every opening of the stream, and whenever it is time to ask.
 */
export function listen(told) {
  const shares = Boolean(navigator.locks) && "BroadcastChannel" in globalThis;
  if (shares) together(told);
  else alone(told);
}

/** Only a tab that is looked at keeps a stream. */
function alone(told) {
  let stream = null;
  const stop = () => {
    stream?.close();
    stream = null;
  };
  const follow = () => {
    if (document.hidden) stop();
    else stream ??= new Stream(told);
  };
  document.addEventListener("visibilitychange", follow);
  addEventListener("pagehide", stop);
  addEventListener("pageshow", follow);
  follow();
}

function together(told) {
  let channel, stream, letGo, heardAt, queueing;
  const heard = (message) => {
    heardAt = Date.now();
    if (message.who) stream && channel.postMessage({ state: stream.state });
    else told(message);
  };
  const tell = (message) => {
    channel?.postMessage(message);
    heard(message);
  };
  const lead = () => {
    stream = new Stream(tell);
    return new Promise((done) => (letGo = done));
  };
  const stepDown = () => {
    stream?.close();
    stream = null;
    letGo?.();
  };
  const queue = (how = { signal: queueing.signal }) =>
    navigator.locks.request(NAME, how, lead).catch(() => stream && (stepDown(), queue()));
  const join = () => {
    queueing = new AbortController();
    heardAt = Date.now();
    channel = new BroadcastChannel(NAME);
    channel.onmessage = ({ data }) => heard(data);
    channel.postMessage({ who: true });
    queue();
  };
  const leave = () => {
    queueing.abort();
    stepDown();
    channel.close();
    channel = null;
  };
  const takeOver = () => {
    if (stream || document.hidden || Date.now() - heardAt < DESERTED) return;
    heardAt = Date.now();
    queueing.abort();
    queueing = new AbortController();
    queue({ steal: true });
  };

  addEventListener("pagehide", leave);
  addEventListener("pageshow", ({ persisted }) => persisted && (join(), told({ look: true })));
  setInterval(takeOver, 5_000);
  join();
}

/** One connection to /live/, and what stands in for it. */
class Stream {
  state = "";
  pause = AGAIN.first;

  constructor(tell) {
    this.tell = tell;
    this.online = () => this.open();
    this.offline = () => this.become("offline");
    addEventListener("online", this.online);
    addEventListener("offline", this.offline);
    this.open();
  }

  open() {
    this.stop();
    this.source = new EventSource("/live/");
    this.source.addEventListener("beat", () => (this.alive(), this.tell({ beat: true })));
    this.source.onmessage = ({ data }) => {
      this.alive();
      this.tell({ nudge: JSON.parse(data) });
    };
    this.source.onerror = () => this.failed();
    this.waitForSign(FIRST_SIGN);
  }

  alive() {
    this.pause = AGAIN.first;
    this.waitForSign(SILENCE);
    if (this.state !== "on") this.become("on", { look: true });
  }

  /** The browser connects again by itself, unless the server refused. */
  failed() {
    if (this.source.readyState === EventSource.CLOSED) return this.poll();
    if (this.state !== "on") return;
    this.become(navigator.onLine ? "off" : "offline");
    this.waitForSign(FIRST_SIGN);
  }

  waitForSign(time) {
    clearTimeout(this.alarm);
    this.alarm = setTimeout(() => this.poll(), time);
  }

  poll() {
    this.stop();
    this.become(navigator.onLine ? "poll" : "offline", { look: true });
    this.asking = setInterval(() => this.tell({ look: true }), EVERY);
    this.alarm = setTimeout(() => this.open(), this.pause);
    this.pause = Math.min(2 * this.pause, AGAIN.last);
  }

  become(state, more = {}) {
    this.state = state;
    this.tell({ state, ...more });
  }

  stop() {
    this.source?.close();
    clearInterval(this.asking);
    clearTimeout(this.alarm);
  }

  close() {
    this.stop();
    removeEventListener("online", this.online);
    removeEventListener("offline", this.offline);
  }
}
