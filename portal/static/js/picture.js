// Buttons that save a drawing as PNG: the browser draws the server's SVG once more, on a canvas.
import { say } from "./announce.js";

for (const button of document.querySelectorAll("[data-picture]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const picture = new Image();
    picture.addEventListener("load", () => {
      const canvas = document.createElement("canvas");
      canvas.width = picture.naturalWidth;
      canvas.height = picture.naturalHeight;
      canvas.getContext("2d").drawImage(picture, 0, 0);
      canvas.toBlob((blob) => {
        const link = document.createElement("a");
        link.href = URL.createObjectURL(blob);
        link.download = `${button.dataset.name}.png`;
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
        say(link.download);
      }, "image/png");
    });
    picture.src = button.dataset.picture;
  });
}
