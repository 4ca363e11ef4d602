"use strict";

const button = document.getElementById("again");
const items = [...document.querySelectorAll("#checks li")];

const isLocal = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);

async function check(item) {
  const result = item.querySelector(".result");
  item.className = "";
  if (item.dataset.url && !isLocal) {
    // localhost would be the machine of the browser.
    result.textContent = "only on its own machine";
    return;
  }

  result.textContent = "asking";
  const started = performance.now();
  try {
    const response = await fetch(item.dataset.url ?? item.dataset.path, { cache: "no-store", signal: AbortSignal.timeout(5000) });
    await response.arrayBuffer();
    const ms = Math.max(1, Math.round(performance.now() - started));
    item.className = response.ok ? "good" : "bad";
    result.textContent = `${response.ok ? "works" : "failed"}: ${response.status}, ${ms} ms`;
  } catch (error) {
    item.className = "bad";
    result.textContent = error.name === "TimeoutError" ? "no answer in 5 s" : "not reachable";
  }
}

async function checkAll() {
  button.disabled = true;
  // One after the other: each time is that of one request alone.
  for (const item of items) {
    await check(item);
  }
  button.disabled = false;
}

button.addEventListener("click", checkAll);
checkAll();
