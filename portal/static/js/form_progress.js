// Progress for a form that posts its file in one go, where the server takes no pieces (upload.js).
// Without script, or when this fails, the browser posts the same form by itself.
import { say } from "./announce.js";

function take(request) {
  const target = new URL(request.responseURL);
  if (request.status < 300 && target.pathname !== location.pathname) {
    location.assign(target);
    return;
  }
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  const main = page.querySelector("main");
  if (!main) return location.reload();
  document.querySelector("main").replaceWith(main);
  document.title = page.title;
  document.getElementById("errors")?.focus();
  watch();
}

function watch() {
  for (const form of document.querySelectorAll("form.upload:not([data-upload])")) {
    form.addEventListener("submit", (event) => {
      if (!form.checkValidity()) return;
      event.preventDefault();
      const file = form.querySelector('input[type="file"]').files[0];
      const progress = form.querySelector(".progress");
      const state = form.querySelector("[data-upload-state]");
      const request = new XMLHttpRequest();
      progress.hidden = false;
      state.textContent = form.dataset.sending.replace("{name}", file.name);
      request.upload.onprogress = ({ loaded, total }) => {
        const percent = Math.floor((loaded / total) * 100);
        progress.querySelector("progress").value = percent;
        progress.querySelector("[data-progress-text]").textContent = `${percent}%`;
      };
      request.upload.onload = () => say((state.textContent = form.dataset.done));
      request.onload = () => take(request);
      request.onerror = () => {
        progress.hidden = true;
        say((state.textContent = form.dataset.failed));
      };
      request.open("POST", form.action);
      request.send(new FormData(form));
    });
  }
}

watch();
