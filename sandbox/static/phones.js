/** The phones of the simulator: write as a customer, answer as the owner, watch the bot. */
"use strict";

const WORDS = {
  id: {
    title: "Ponsel simulator", band: "Tidak ada pesan yang keluar ke WhatsApp.", sessions: "Nomor bisnis",
    sessionsEmpty: "Belum ada nomor. Tambahkan perangkat di aplikasi, lalu pindai di sini.",
    customers: "Pelanggan", newCustomer: "Tulis sebagai pelanggan baru", name: "Nama", open: "Buka",
    chatsEmpty: "Belum ada chat. Masukkan nomor pelanggan di atas dan mulai menulis.",
    scan: "Pindai dengan ponsel ini", scanHint: "Nomor ini menunggu dipindai, seperti di WhatsApp > Perangkat tertaut.",
    pick: "Pilih nomor bisnis, lalu pilih pelanggan.", asCustomer: "Sebagai pelanggan", asOwner: "Sebagai pemilik (HP)",
    attach: "Lampirkan gambar atau dokumen", write: "Tulis pesan", send: "Kirim", back: "Kembali",
    typing: "sedang mengetik…", bot: "otomatis / API", owner: "pemilik, dari HP", gone: "Pesan ini dihapus",
    today: "Hari ini", lost: "Terputus, mencoba lagi…", failed: "Tidak terkirim", notReady: "Nomor belum tersambung.",
    location: "Lokasi", contact: "Kontak", poll: "Polling", list: "Menu", buttons: "Tombol", language: "English",
    image: "Gambar", file: "Dokumen", video: "Video", voice: "Pesan suara", tooBig: "Berkas lebih dari 16 MB.",
    STOPPED: "Mati", STARTING: "Menyala", SCAN_QR_CODE: "Pindai QR", PASSKEY_REQUIRED: "Passkey",
    PASSKEY_CONFIRMATION_REQUIRED: "Passkey", WORKING: "Tersambung", FAILED: "Gagal", timelock: "chat baru dibatasi",
  },
  en: {
    title: "Simulator phones", band: "No message leaves for WhatsApp.", sessions: "Business numbers",
    sessionsEmpty: "No number yet. Add a device in the app, then scan it here.",
    customers: "Customers", newCustomer: "Write as a new customer", name: "Name", open: "Open",
    chatsEmpty: "No chat yet. Enter a customer's number above and start writing.",
    scan: "Scan with this phone", scanHint: "This number waits to be scanned, as in WhatsApp > Linked devices.",
    pick: "Choose a business number, then a customer.", asCustomer: "As the customer", asOwner: "As the owner (phone)",
    attach: "Attach a picture or document", write: "Write a message", send: "Send", back: "Back",
    typing: "typing…", bot: "automatic / API", owner: "owner, from the phone", gone: "This message was deleted",
    today: "Today", lost: "Disconnected, trying again…", failed: "Not sent", notReady: "This number is not connected.",
    location: "Location", contact: "Contact", poll: "Poll", list: "Menu", buttons: "Buttons", language: "Bahasa Indonesia",
    image: "Picture", file: "Document", video: "Video", voice: "Voice message", tooBig: "The file is larger than 16 MB.",
    STOPPED: "Off", STARTING: "Starting", SCAN_QR_CODE: "Scan QR", PASSKEY_REQUIRED: "Passkey",
    PASSKEY_CONFIRMATION_REQUIRED: "Passkey", WORKING: "Connected", FAILED: "Failed", timelock: "new chats limited",
  },
};
const FILE_BYTES_MAX = 16 * 1024 * 1024;
const MESSAGES_SHOWN_MAX = 300;
const TYPING_SHOWN_MS = 25000;
const TICKS = { "-1": "!", 0: "◷", 1: "✓", 2: "✓✓", 3: "✓✓", 4: "✓✓" };
const INLINE_TYPES = ["image/jpeg", "image/png", "image/gif", "image/webp"];

const state = {
  language: localStorage.getItem("language") === "en" ? "en" : "id",
  sessions: new Map(), chats: new Map(), messages: [], session: null, person: null, typingUntil: 0,
};
const $ = (id) => document.getElementById(id);
const say = (key) => WORDS[state.language][key] ?? key;

function element(tag, { text, ...properties } = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("data-") || name.startsWith("aria-")) made.setAttribute(name, value);
    else made[name] = value;
  }
  if (text !== undefined) made.textContent = text;
  made.append(...children.filter(Boolean));
  return made;
}

async function call(method, path, body) {
  const answer = await fetch(path, {
    method, headers: body ? { "Content-Type": "application/json" } : {}, body: body && JSON.stringify(body),
  });
  const result = await answer.json();
  if (!answer.ok) {
    const words = result.message ?? result.error;
    throw new Error(result.status ? say("notReady") : Array.isArray(words) ? words.join(", ") : String(words));
  }
  return result;
}

const digits = (address) => String(address ?? "").split("@")[0];
function phoneText(address) {
  const number = digits(address);
  if (!String(address).endsWith("@c.us") && String(address).includes("@")) return number;
  const local = number.startsWith("62") ? `0${number.slice(2)}` : number;
  return local.replace(/^(\d{4})(\d{4})(\d+)$/, "$1-$2-$3");
}
function normalized(raw) {
  const number = raw.replace(/\D/g, "");
  return number.startsWith("0") ? `62${number.slice(1)}` : number;
}
const clock = (seconds) =>
  new Date(seconds * 1000).toLocaleTimeString("id-ID", { hour: "2-digit", minute: "2-digit" });
function day(seconds) {
  const date = new Date(seconds * 1000);
  if (date.toDateString() === new Date().toDateString()) return say("today");
  return date.toLocaleDateString(state.language, { weekday: "long", day: "numeric", month: "long" });
}
const initial = (text) => (text || "?").trim().charAt(0).toUpperCase();
const chatKey = (session, person) => `${session}\n${person}`;

/** WhatsApp's *bold*, _italic_, ~strike~ and ```mono```, and web addresses, as elements. */
function formatted(text) {
  const pattern = /```([^`]+)```|\*(\S(?:[^*\n]*\S)?)\*|_(\S(?:[^_\n]*\S)?)_|~(\S(?:[^~\n]*\S)?)~|(https?:\/\/\S+)/g;
  const tags = [null, "code", "strong", "em", "s"];
  const body = element("p", { className: "body" });
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    body.append(text.slice(from, match.index));
    const which = match.findIndex((part, index) => index > 0 && part !== undefined);
    if (which === 5) {
      body.append(element("a", { href: match[5], target: "_blank", rel: "noreferrer noopener", text: match[5] }));
    } else body.append(element(tags[which], { text: match[which] }));
    from = match.index + match[0].length;
  }
  body.append(text.slice(from));
  return body;
}

function preview(message) {
  if (!message) return "";
  if (message.revoked) return say("gone");
  return message.text || say(message.kind);
}

function drawSessions() {
  const rows = [...state.sessions.values()].map((session) => {
    const details = [session.phone ? phoneText(`${session.phone}@c.us`) : "—", session.timelock && say("timelock")];
    const button = element("button", { type: "button", "aria-current": String(session.name === state.session) },
      element("span", { className: "avatar", text: initial(session.push_name || session.name) }),
      element("span", { className: "name", text: session.push_name || session.name }),
      element("span", { className: "badge", "data-status": session.status, text: say(session.status) }),
      element("span", { className: "last", text: details.filter(Boolean).join(" · ") }));
    button.addEventListener("click", () => openSession(session.name));
    return element("li", {}, button);
  });
  $("sessions").replaceChildren(...rows);
  $("sessions-empty").hidden = rows.length > 0;
}

function drawChats() {
  const mine = [...state.chats.values()].filter((chat) => chat.session === state.session);
  mine.sort((one, other) => (other.last?.at ?? Infinity) - (one.last?.at ?? Infinity));
  const rows = mine.map((chat) => {
    const name = chat.name || phoneText(chat.person);
    const button = element("button", { type: "button", "aria-current": String(chat.person === state.person) },
      element("span", { className: "avatar", text: initial(name) }),
      element("span", { className: "name", text: name }),
      element("span", { className: "at", text: chat.last ? clock(chat.last.at) : "" }),
      element("span", { className: "last", text: preview(chat.last) }));
    button.addEventListener("click", () => openChat(chat.person));
    return element("li", {}, button);
  });
  $("chats").replaceChildren(...rows);
  $("chats-empty").hidden = rows.length > 0 || !state.session;
  $("new-chat").hidden = !state.session;
}

function mediaPart(message) {
  const media = message.media;
  if (!media) return null;
  const address = media.key ? `/sandbox/files/${media.key}` : null;
  if (address && INLINE_TYPES.includes(media.mimetype)) {
    return element("img", { src: address, alt: media.filename || say("image"), loading: "lazy" });
  }
  const label = media.filename || media.url || say(message.kind);
  const size = media.size_bytes ? ` · ${Math.ceil(media.size_bytes / 1024)} KB` : "";
  const body = { className: "file", text: `📄 ${label}${size}` };
  return address ? element("a", { ...body, href: address, download: media.filename || "" }) : element("span", body);
}

function extraPart(message) {
  const extra = message.extra;
  if (!extra || message.revoked) return null;
  const title = extra.title ?? extra.poll?.name ?? extra.message?.title ?? "";
  const options = extra.poll?.options ?? [];
  return element("p", { className: "body", text: [`${say(message.kind)} ${title}`.trim(), ...options].join("\n• ") });
}

function bubble(message) {
  const tick = TICKS[message.ack] ?? "";
  const by = message.from_me ? say(message.source === "api" ? "bot" : "owner") : message.participant && phoneText(message.participant);
  return element("li", { className: message.from_me ? "bubble" : "bubble mine", "data-id": message.id },
    message.revoked ? element("p", { className: "gone", text: say("gone") }) : mediaPart(message),
    message.revoked ? null : extraPart(message),
    message.text && !message.revoked ? formatted(message.text) : null,
    element("div", { className: "meta" },
      by ? element("span", { className: "by", text: by }) : null,
      element("span", { text: clock(message.at) }),
      element("span", { className: "tick", "data-read": String(message.ack >= 3), text: tick })));
}

function drawMessages() {
  const list = $("messages");
  const parts = [];
  let last = null;
  for (const message of state.messages) {
    const today = day(message.at);
    if (today !== last) parts.push(element("li", { className: "day", text: today }));
    last = today;
    parts.push(bubble(message));
    if (message.reaction) parts.push(element("li", { className: "reaction", text: message.reaction }));
  }
  list.replaceChildren(...parts);
  list.scrollTop = list.scrollHeight;
}

function drawPhone() {
  const session = state.sessions.get(state.session);
  const chat = state.chats.get(chatKey(state.session, state.person));
  const waits = session && (session.status === "SCAN_QR_CODE" || session.status === "STARTING") && session.unlinked;
  const isTyping = Date.now() < state.typingUntil;
  $("scan").hidden = !waits;
  $("pick").hidden = Boolean(waits || chat);
  $("composer").hidden = Boolean(waits || !chat);
  $("messages").hidden = Boolean(waits || !chat);
  $("chat-name").textContent = chat && !waits ? session.push_name || session.name : "";
  $("chat-avatar").textContent = session ? initial(session.push_name || session.name) : "";
  $("chat-state").textContent = isTyping ? say("typing") : session ? say(session.status) : "";
  $("chat-state").className = isTyping ? "typing" : "";
  $("chat-number").textContent = chat ? `${chat.name || ""} ${phoneText(chat.person)}`.trim() : "";
  if (waits) {
    if (session.status === "SCAN_QR_CODE") $("qr").src = `/sandbox/qr/${encodeURIComponent(session.name)}?at=${Date.now()}`;
    $("pairing-code").textContent = session.pairing_code ?? "";
    $("scan-button").disabled = session.status !== "SCAN_QR_CODE";
  }
}

function drawWords() {
  document.documentElement.lang = state.language;
  for (const one of document.querySelectorAll("[data-say]")) one.textContent = say(one.dataset.say);
  for (const one of document.querySelectorAll("[data-placeholder]")) one.placeholder = say(one.dataset.placeholder);
  for (const one of document.querySelectorAll("[data-label]")) one.setAttribute("aria-label", say(one.dataset.label));
  $("language").textContent = say("language");
  $("back").setAttribute("aria-label", say("back"));
  document.title = say("title");
}

function drawAll() {
  drawWords(); drawSessions(); drawChats(); drawMessages(); drawPhone();
}

function openSession(name) {
  if (state.session !== name) { state.session = name; state.person = null; state.messages = []; state.typingUntil = 0; }
  const session = state.sessions.get(name);
  document.body.dataset.view = session.unlinked ? "phone" : "chats";
  drawAll();
}

async function openChat(person) {
  state.person = person; state.messages = []; state.typingUntil = 0;
  document.body.dataset.view = "phone";
  drawAll();
  const query = new URLSearchParams({ session: state.session, chat: person });
  const messages = await call("GET", `/sandbox/chats/messages?${query}`);
  if (state.person === person) { state.messages = messages; drawMessages(); }
  $("text").focus();
}

function onMessage(message) {
  const key = chatKey(message.session, message.person);
  const chat = state.chats.get(key) ?? { session: message.session, person: message.person, chat: message.chat };
  chat.last = message;
  chat.name ||= message.from_me ? null : message.name;
  state.chats.set(key, chat);
  if (message.session === state.session) drawChats();
  if (message.session === state.session && message.person === state.person) {
    if (message.from_me) state.typingUntil = 0;
    state.messages = [...state.messages.filter((one) => one.id !== message.id), message].slice(-MESSAGES_SHOWN_MAX);
    drawMessages(); drawPhone();
  }
}

function change(event, apply) {
  if (event.session !== state.session || event.person !== state.person) return;
  for (const message of state.messages) if (event.ids ? event.ids.includes(message.id) : message.id === event.id) apply(message);
  drawMessages();
}

async function load() {
  const [sessions, chats] = await Promise.all([call("GET", "/sandbox/phones"), call("GET", "/sandbox/chats")]);
  state.sessions = new Map(sessions.map((one) => [one.name, one]));
  const opened = [...state.chats.values()].filter((one) => !one.last);
  state.chats = new Map([...opened, ...chats].map((one) => [chatKey(one.session, one.person), one]));
  if (!state.sessions.has(state.session)) { state.session = null; state.person = null; state.messages = []; }
  drawAll();
  if (state.person) await openChat(state.person);
}

function listen() {
  const events = new EventSource("/sandbox/events");
  const on = (kind, act) => events.addEventListener(kind, (event) => act(JSON.parse(event.data)));
  events.addEventListener("open", () => { $("link-state").textContent = ""; load(); });
  events.addEventListener("error", () => { $("link-state").textContent = say("lost"); });
  on("message", onMessage);
  on("ack", (event) => change(event, (message) => { message.ack = event.ack; }));
  on("seen", (event) => change(event, (message) => { message.ack = 3; }));
  on("reaction", (event) => change(event, (message) => { message.reaction = event.text; }));
  on("edit", (event) => change(event, (message) => Object.assign(message, event)));
  on("session", (session) => { state.sessions.set(session.name, session); drawSessions(); drawChats(); drawPhone(); });
  on("session_gone", (session) => { state.sessions.delete(session.name); drawAll(); });
  on("reload", load);
  on("typing", (event) => {
    if (event.session !== state.session || event.person !== state.person) return;
    state.typingUntil = ["typing", "recording"].includes(event.state) ? Date.now() + TYPING_SHOWN_MS : 0;
    drawPhone();
    setTimeout(drawPhone, TYPING_SHOWN_MS + 50);
  });
}

async function asBase64(file) {
  const address = await new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
  return { mimetype: file.type || "application/octet-stream", filename: file.name, data: address.split(",")[1] ?? "" };
}

function showProblem(text) {
  $("problem").textContent = text ?? "";
  $("problem").hidden = !text;
}
function showAttached() {
  const file = $("file").files[0];
  $("attached").hidden = !file;
  $("attached").textContent = file ? `📎 ${file.name}` : "";
}

async function submit(event) {
  event.preventDefault();
  const text = $("text").value.trim();
  const file = $("file").files[0];
  const isOwner = document.querySelector("input[name=role]:checked").value === "owner";
  if (!text && (!file || isOwner)) return;
  if (file && file.size > FILE_BYTES_MAX) { showProblem(say("tooBig")); return; }
  const chat = state.chats.get(chatKey(state.session, state.person));
  try {
    if (isOwner) await call("POST", "/sandbox/owner", { session: state.session, chat: state.person, text });
    else {
      const body = { session: state.session, from: state.person, push_name: chat?.name || undefined };
      if (text) body.text = text;
      if (file) body.media = await asBase64(file);
      await call("POST", "/sandbox/inbound", body);
    }
    $("composer").reset();
    document.querySelector(`input[name=role][value=${isOwner ? "owner" : "customer"}]`).checked = true;
    showProblem(null);
  } catch (problem) {
    showProblem(`${say("failed")}: ${problem.message}`);
  }
  showAttached();
  $("text").focus();
}

function startChat(event) {
  event.preventDefault();
  const number = normalized($("new-phone").value);
  if (!number || !state.session) return;
  const person = `${number}@c.us`;
  const key = chatKey(state.session, person);
  const known = state.chats.get(key) ?? { session: state.session, person, chat: person, last: null };
  state.chats.set(key, { ...known, name: $("new-name").value.trim() || known.name });
  $("new-chat").reset();
  openChat(person);
}

$("composer").addEventListener("submit", submit);
$("new-chat").addEventListener("submit", startChat);
$("file").addEventListener("change", showAttached);
$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); $("composer").requestSubmit(); }
});
$("scan-button").addEventListener("click", async () => {
  await call("POST", `/sandbox/phones/${encodeURIComponent(state.session)}/scan`, {});
  document.body.dataset.view = "chats";
});
$("back").addEventListener("click", () => {
  document.body.dataset.view = document.body.dataset.view === "phone" && !state.sessions.get(state.session)?.unlinked ? "chats" : "sessions";
});
$("language").addEventListener("click", () => {
  state.language = state.language === "id" ? "en" : "id";
  localStorage.setItem("language", state.language);
  drawAll();
});
drawAll();
listen();
