// A file goes up in pieces as soon as it is chosen, says how far it is, and goes on by itself after a
// broken line or a closed page, while the rest of the form is filled in; the form goes once its button
// was pressed and all has arrived. Without script the same form posts the file in one go.
//
// Form: <form data-upload="/api/v1/uploads"> with one file input, .progress and [data-upload-state].
// Protocol (tus 1.0 core and creation, https://tus.io/protocols/resumable-upload): POST makes an upload,
// or finds the one that this person began with the same fingerprint, in whatever browser; PATCH adds a
// piece at Upload-Offset, HEAD says how much has arrived. When all has arrived, its address goes into
// the hidden field `upload` and the file input is left out of the form.
import { say } from "./announce.js";

const PIECE_BYTES = 4 * 1024 * 1024;
const WAITS_S = [1, 2, 4, 8, 15];
const TUS = { "Tus-Resumable": "1.0.0" };

// Until then, or until the browser says that the line is back.
const wait = (seconds) =>
  new Promise((resolve) => {
    const go = () => {
      clearTimeout(timer);
      removeEventListener("online", go);
      resolve();
    };
    const timer = setTimeout(go, seconds * 1000);
    addEventListener("online", go);
  });

const END_BYTES = 256 * 1024;

// What tells a file from others: its beginning, its end, size and time of change. Where the page is
// not served securely the browser hashes nothing, and its name stands for its content.
async function fingerprintOf(file) {
  const facts = `${file.size}.${file.lastModified}`;
  if (!crypto.subtle) return `${file.name}.${facts}`;
  const ends = new Blob([file.slice(0, END_BYTES), file.slice(-END_BYTES), facts]);
  const digest = await crypto.subtle.digest("SHA-256", await ends.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

async function ask(address, options) {
  const answer = await fetch(address, { credentials: "same-origin", ...options });
  if (answer.status >= 500 || answer.status === 429) throw new TypeError(`status ${answer.status}`);
  return answer;
}

async function begin(form, file, fingerprint) {
  const token = form.querySelector('[name="csrf_token"]')?.value;
  const answer = await ask(form.dataset.upload, {
    method: "POST",
    headers: {
      ...TUS,
      "Upload-Length": String(file.size),
      "Upload-Metadata": `filename ${base64(file.name)},fingerprint ${base64(fingerprint)},hold`,
      ...(token ? { "X-CSRF-Token": token } : {}),
    },
  });
  const told = await answer.text(); // read to its end, or leaving the page breaks it off
  if (answer.status !== 201) throw new Refused(told);
  return { address: answer.headers.get("Location"), offset: offsetOf(answer) };
}

const offsetOf = (answer) => Number(answer.headers.get("Upload-Offset") ?? 0);

class Refused extends Error {}

async function arrived(address) {
  const answer = await ask(address, { method: "HEAD", headers: TUS });
  return answer.ok ? offsetOf(answer) : null;
}

function send(form, address, file, offset, show) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PATCH", address);
    request.setRequestHeader("Tus-Resumable", TUS["Tus-Resumable"]);
    request.setRequestHeader("Upload-Offset", String(offset));
    request.setRequestHeader("Content-Type", "application/offset+octet-stream");
    const token = form.querySelector('[name="csrf_token"]')?.value;
    if (token) request.setRequestHeader("X-CSRF-Token", token);
    request.upload.onprogress = (event) => show(offset + event.loaded);
    request.onload = () => {
      if (request.status === 204) resolve(Number(request.getResponseHeader("Upload-Offset")));
      else if (request.status >= 500 || request.status === 429 || request.status === 409)
        reject(new TypeError(`status ${request.status}`));
      else reject(new Refused(request.responseText));
    };
    request.onerror = () => reject(new TypeError("the line broke"));
    request.send(file.slice(offset, offset + PIECE_BYTES));
  });
}

async function upload(form, file, words) {
  const bar = form.querySelector("progress");
  const text = form.querySelector("[data-progress-text]");
  const began = performance.now();
  let first = null;
  const show = (bytes) => {
    first ??= bytes;
    const seconds = (performance.now() - began) / 1000;
    const speed = seconds > 0.5 ? (bytes - first) / seconds : 0;
    bar.value = file.size ? (bytes / file.size) * 100 : 100;
    const parts = [`${Math.floor(bar.value)}%`];
    if (speed > 0) {
      parts.push(`${(speed / 1048576).toFixed(1)} MB/s`);
      const left = Math.ceil((file.size - bytes) / speed);
      parts.push(words.left.replace("{seconds}", String(left)));
    }
    text.textContent = parts.join(" · ");
  };

  const fingerprint = await fingerprintOf(file);
  let address = null;
  let offset = null;
  for (let failures = 0; ; ) {
    try {
      if (address) offset ??= await arrived(address);
      if (!address || offset === null) {
        ({ address, offset } = await begin(form, file, fingerprint));
      }
      show(offset);
      while (offset < file.size) {
        offset = await send(form, address, file, offset, show);
        failures = 0;
      }
      show(file.size);
      return address;
    } catch (problem) {
      if (problem instanceof Refused) throw problem;
      offset = null;
      text.textContent = words.waiting;
      if (failures === 0) say(words.waiting);
      await wait(WAITS_S[Math.min(failures, WAITS_S.length - 1)]);
      failures += 1;
    }
  }
}

for (const form of document.querySelectorAll("form[data-upload]")) {
  const input = form.querySelector('input[type="file"]');
  const state = form.querySelector("[data-upload-state]");
  const words = form.dataset;
  const drop = form.querySelector(".drop");
  let address = null;
  let isGoing = false;
  let isAsked = false;
  let isSent = false;

  // Pressed while the pieces go up, the button must not send the whole file beside them; and what is on
  // its way is not sent twice.
  form.addEventListener("submit", (event) => {
    if (isGoing) isAsked = true;
    if (isGoing || isSent) event.preventDefault();
    else isSent = true;
  });
  addEventListener("pageshow", () => (isSent = false));

  const start = async () => {
    const file = input.files[0];
    if (!file) return;
    isGoing = true;
    form.querySelector(".progress").hidden = false;
    state.textContent = words.going.replace("{name}", file.name);
    try {
      address = await upload(form, file, { left: words.left, waiting: words.waiting });
    } catch (problem) {
      state.textContent = problem.message || words.failed;
      say(state.textContent);
      return;
    } finally {
      isGoing = false;
    }
    form.querySelector('[name="upload"]').value = address;
    input.disabled = true;
    state.textContent = words.done;
    say(words.done);
    if (isAsked && !isSent) form.requestSubmit();
  };

  input.addEventListener("change", start);
  if (drop) {
    for (const type of ["dragover", "dragleave", "drop"]) {
      drop.addEventListener(type, (event) => {
        event.preventDefault();
        drop.classList.toggle("over", type === "dragover");
        if (type === "drop" && event.dataTransfer.files.length) {
          input.files = event.dataTransfer.files;
          start();
        }
      });
    }
  }
  addEventListener("beforeunload", (event) => {
    if (input.files.length && !address && !form.querySelector(".progress").hidden) event.preventDefault();
  });
}
