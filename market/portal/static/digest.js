// Compare the digest in a paper's QR code with the document that the register holds (比对摘要). What
// stands behind the # never leaves this machine. Without scripts the digest can be typed instead.
"use strict";
(async () => {
  const named = /[#&]sha256=([^&]*)/.exec(location.hash);
  const card = document.getElementById("digest");
  if (!named || !card) return;
  const show = (word) => {
    card.hidden = false;
    card.classList.add(word === "same" ? "good" : "bad");
    for (const each of card.querySelectorAll("[data-word]")) each.hidden = each.dataset.word !== word;
  };
  try {
    const answer = await fetch(card.dataset.address, {headers: {accept: "application/json"}});
    const {document: encoded} = await answer.json();
    let told = card.dataset.sha256;
    if (window.crypto && crypto.subtle) { // not there without TLS: then the page's own word has to do
      const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
      told = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    }
    show(told === card.dataset.sha256 && told === named[1].toLowerCase() ? "same" : "other");
  } catch {
    show("failed");
  }
})();
