// The chat page: keeps the conversation, streams replies from this server's own API. Text goes in by textContent only.

const element = (id) => document.getElementById(id);
const messagesView = element("messages");
const input = element("input");

/** What is sent with the next request. */
const conversation = [];
let apiKey = "";
let running = null;

function headers() {
  return { "content-type": "application/json", ...(apiKey && { authorization: `Bearer ${apiKey}` }) };
}

function show(kind, text) {
  const view = document.createElement("p");
  view.className = `message ${kind}`;
  view.textContent = text;
  messagesView.append(view);
  messagesView.scrollTop = messagesView.scrollHeight;
  return view;
}

/** Keeps the end in view unless the reader has scrolled up. */
function append(view, text) {
  const atEnd = messagesView.scrollHeight - messagesView.scrollTop - messagesView.clientHeight < 40;
  view.textContent += text;
  if (atEnd) messagesView.scrollTop = messagesView.scrollHeight;
}

/** The data of each server-sent event of a response. */
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) if (part.startsWith("data: ")) yield part.slice(6);
  }
}

async function problem(response) {
  const body = await response.json().catch(() => null);
  return body?.error?.message ?? `The server answered ${response.status}.`;
}

function askForKey() {
  element("key-form").hidden = false;
  element("key").focus();
}

function setRunning(controller) {
  running = controller;
  element("send").hidden = controller !== null;
  element("stop").hidden = controller === null;
}

async function streamReply(signal, view) {
  const body = JSON.stringify({ messages: conversation, stream: true });
  const response = await fetch("/v1/chat/completions", { method: "POST", headers: headers(), body, signal });
  if (response.status === 401) {
    askForKey();
    throw new Error("The server needs an API key.");
  }
  if (!response.ok) throw new Error(await problem(response));
  for await (const data of events(response)) {
    if (data === "[DONE]") return;
    const { choices, error } = JSON.parse(data);
    if (error) throw new Error(error.message);
    append(view, choices[0]?.delta.content ?? "");
  }
}

async function send(text) {
  conversation.push({ role: "user", content: text });
  const question = show("user", text);
  const view = show("assistant", "");
  const controller = new AbortController();
  setRunning(controller);
  try {
    await streamReply(controller.signal, view);
  } catch (error) {
    if (error.name !== "AbortError") show("error", error.message);
  }
  setRunning(null);
  if (controller.discarded) return;
  if (view.textContent) conversation.push({ role: "assistant", content: view.textContent });
  else {
    // Nothing came: give the text back instead of asking twice.
    conversation.pop();
    question.remove();
    view.remove();
    if (!input.value) input.value = text;
  }
}

async function showModel() {
  const response = await fetch("/v1/models", { headers: headers() });
  if (response.status === 401) return askForKey();
  if (response.ok) element("model").textContent = (await response.json()).data[0].id;
}

element("chat-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = input.value.trim();
  if (running || !text) return;
  input.value = "";
  void send(text);
});

input.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  element("chat-form").requestSubmit();
});

element("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  apiKey = element("key").value;
  element("key-form").hidden = true;
  void showModel();
});

element("stop").addEventListener("click", () => running?.abort());

element("clear").addEventListener("click", () => {
  if (running) running.discarded = true;
  running?.abort();
  conversation.length = 0;
  messagesView.replaceChildren();
  input.focus();
});

input.focus();
void showModel();
