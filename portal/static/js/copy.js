// Buttons that copy a piece of text; they stay hidden where the browser has no clipboard.
import { say } from "./announce.js";

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  const label = button.querySelector("span");
  const words = label.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    label.textContent = button.dataset.copied;
    say(button.dataset.copied);
    setTimeout(() => (label.textContent = words), 2000);
  });
}
