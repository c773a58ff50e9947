// A wizard's front end: POST the address, read the events as they come, show the answer.
"use strict";

const form = document.querySelector("form");
const status = document.querySelector("[role=status]");
const result = document.querySelector("pre");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  result.textContent = "";
  const response = await fetch("mail-setup/v1/detect/stream", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ address: form.elements.address.value }),
  });
  if (!response.ok) {
    status.textContent = (await response.json()).detail; // a problem (RFC 9457)
    return;
  }
  let buffer = "";
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    buffer += piece;
    const blocks = buffer.split("\n\n");
    buffer = blocks.pop();
    for (const block of blocks) take(block);
  }
});

function take(block) {
  const data = block.split("\n").find((line) => line.startsWith("data: "));
  if (!data) return; // a comment that keeps the connection open
  const message = JSON.parse(data.slice(6));
  if (message.event === "contacting") status.textContent = `Contacting ${message.host}…`;
  if (message.event === "settled") show(message.detection);
}

// Only the user can know these servers; /v1/verify takes those that the user has agreed to as `confirmed`.
function question({ host, port, look_alike_of: other }) {
  const alarm = other ? `${host} looks like ${other}, but is not. ` : "";
  return `${alarm}May ${host}, port ${port}, get your password?`;
}

function show({ incoming, outgoing, confirmations, hints }) {
  status.textContent = confirmations.map(question).join(" ") || "Found.";
  const lines = [...incoming.slice(0, 1), ...outgoing.slice(0, 1)].map(
    (server) => `${server.protocol} ${server.host}:${server.port} ${server.security} ${server.username}`,
  );
  result.textContent = [...lines, ...hints.map((hint) => `First: ${hint.text} ${hint.url}`)].join("\n");
}
