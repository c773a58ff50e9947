// The page works without this file: forms are posted, and whole pages come back. With it, the steps of the search are
// shown as they happen, a search can be stopped, values can be copied, and a password can be looked at.
"use strict";

const part = (id) => document.getElementById(id);
const STEPS = 5; // lines shown at once
const SLOW = 4000; // milliseconds after which a search is said to be slow
const PORTS = { imap: { tls: 993, starttls: 143 }, pop3: { tls: 995, starttls: 110 }, smtp: { tls: 465, starttls: 587 } };

let running = null; // the AbortController of the search under way

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.id === "search" || "search" in form.dataset) {
    event.preventDefault();
    const address = form.elements.address.value.trim();
    part("address").value = address;
    search(address);
  } else if ("check" in form.dataset) {
    event.preventDefault();
    check(form);
  }
});

// Another protocol or encryption has another usual port; one that was typed stays.
document.addEventListener("change", ({ target }) => {
  const [way, field] = (target.name ?? "").split("-");
  if (field !== "protocol" && field !== "security") return;
  const { [`${way}-protocol`]: protocol, [`${way}-security`]: security, [`${way}-port`]: port } = target.form.elements;
  const usual = Object.values(PORTS).flatMap((ports) => Object.values(ports));
  if (usual.includes(Number(port.value))) port.value = PORTS[protocol.value][security.value];
});

part("stop").addEventListener("click", () => {
  if (running) running.abort();
  done();
  part("address").focus();
});

async function search(address) {
  if (running) running.abort();
  const mine = (running = new AbortController());
  part("error")?.remove();
  part("answer").replaceChildren();
  part("steps").replaceChildren();
  part("progress").hidden = false;
  part("promise").hidden = true;
  part("now").textContent = "Looking for your mail settings…";
  stage(0);
  const slow = setTimeout(() => {
    part("now").textContent = "Still looking: some servers take their time…";
  }, SLOW);
  try {
    const response = await fetch("./", {
      method: "POST",
      headers: { Accept: "text/event-stream" },
      body: new URLSearchParams({ address }),
      signal: mine.signal,
    });
    if (!response.ok || !response.body) throw new Error(String(response.status));
    await read(response.body);
  } catch (error) {
    if (mine.signal.aborted) return;
    trouble("The service cannot be reached. Please try again.");
  } finally {
    clearTimeout(slow);
    if (running === mine) done();
  }
}

function done() {
  running = null;
  part("progress").hidden = true;
  part("promise").hidden = part("answer").hasChildNodes();
}

function stage(number) {
  [...part("stages").children].forEach((item, place) => {
    item.className = place < number ? "past" : "";
    if (place === number) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  });
}

async function read(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  let answered = false;
  for (;;) {
    const { value, done: ended } = await reader.read();
    if (ended) break;
    buffer += value;
    const parts = buffer.split("\n\n");
    buffer = parts.pop();
    for (const block of parts) answered = take(block) || answered;
  }
  if (!answered) throw new Error("the stream ended early");
}

// Returns true for the last event.
function take(block) {
  const lines = block.split("\n");
  const name = lines.find((line) => line.startsWith("event: "))?.slice(7);
  const data = lines.filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("\n");
  if (name === "step" || name === "good") step(data, name);
  else if (name === "answer") answer(data);
  else if (name === "trouble") trouble(data);
  return name === "answer" || name === "trouble";
}

function step(text, kind) {
  const item = document.createElement("li");
  item.className = kind;
  item.textContent = text;
  const list = part("steps");
  list.append(item);
  while (list.children.length > STEPS) list.firstChild.remove();
}

function answer(html) {
  // Written by our own server, which escapes all that came from elsewhere; scripts in it would not run (CSP).
  part("answer").innerHTML = html;
  done();
  equip(part("answer"));
  stage(part("sign-in") ? 1 : 0);
  part("title")?.focus();
}

function trouble(text) {
  done();
  const line = document.createElement("p");
  line.className = "error";
  line.id = "error";
  line.setAttribute("role", "alert");
  line.textContent = text;
  part("search").append(line);
  part("address").focus();
}

async function check(form) {
  const button = form.querySelector("button[type=submit]");
  const result = form.querySelector(".result");
  button.disabled = true;
  result.textContent = "Signing in at the mail servers…";
  try {
    const response = await fetch("./check", {
      method: "POST",
      headers: { Accept: "text/x-fragment" },
      body: new URLSearchParams(new FormData(form)),
    });
    result.innerHTML = await response.text();
    equip(result);
    const ready = result.querySelector(".ready h3");
    stage(ready ? 2 : 1);
    ready?.focus();
  } catch {
    result.textContent = "The service cannot be reached. Please try again.";
  }
  button.disabled = false;
}

// Adds what only a script can do.
function equip(root) {
  if (navigator.clipboard) copyable(root);
  root.querySelectorAll("input[type=password]").forEach(revealable);
}

function revealable(field) {
  const frame = document.createElement("span");
  const button = document.createElement("button");
  frame.className = "secret";
  button.className = "reveal";
  button.type = "button";
  button.setAttribute("aria-controls", field.id);
  const show = (shown) => {
    field.type = shown ? "text" : "password";
    button.textContent = shown ? "Hide" : "Show";
    button.setAttribute("aria-label", shown ? "Hide the password" : "Show the password");
  };
  button.addEventListener("click", () => show(field.type === "password"));
  field.form.addEventListener("submit", () => show(false));
  field.replaceWith(frame);
  frame.append(field, button);
  show(false);
}

function copyable(root) {
  for (const place of root.querySelectorAll("[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy ${place.dataset.copy} ${place.firstChild.textContent}`);
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(place.firstChild.textContent);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 2000);
    });
    place.append(button);
  }
}

equip(document);
