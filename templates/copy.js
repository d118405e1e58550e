// Copies the address of a feed. A page without it shows the links alone.
"use strict";

async function copy(text) {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(text);
  }
  // Only pages that came over HTTPS may use the clipboard; on others the older way still works.
  const field = document.body.appendChild(document.createElement("textarea"));
  field.className = "unseen";
  field.value = text;
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (!done) {
    throw new Error("not copied");
  }
}

for (const button of document.querySelectorAll("button[data-copied]")) {
  const link = button.parentElement.querySelector("a");
  const label = button.firstChild;
  const before = label.data;
  const said = document.querySelector("[role=status]");
  let later;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await copy(link.href);
    } catch {
      // What cannot be copied for them, people copy themselves.
      getSelection().selectAllChildren(link);
      return;
    }
    button.focus();
    label.data = button.dataset.copied;
    said.textContent = `${button.dataset.copied}: ${link.textContent}`;
    clearTimeout(later);
    later = setTimeout(() => {
      label.data = before;
      said.textContent = "";
    }, 2000);
  });
}
