"use strict";
(function () {
  const root = document.documentElement;
  const each = (selector, act) => document.querySelectorAll(selector).forEach(act);

  // The language: the reader's last choice, where the browser remembers one.
  const choose = (lang) => {
    root.lang = lang;
    each("[data-lang]", (button) => button.setAttribute("aria-pressed", String(button.dataset.lang === lang)));
  };
  const remember = (lang) => { try { localStorage.setItem("lab-lang", lang); } catch { /* a page from a file may not */ } };
  const remembered = () => { try { return localStorage.getItem("lab-lang"); } catch { return null; } };
  choose(["ko", "en"].includes(remembered()) ? remembered() : root.lang);
  each("[data-lang]", (button) => button.addEventListener("click", () => { choose(button.dataset.lang); remember(button.dataset.lang); }));

  // What is shown: everything, one verdict, or what did not pass.
  const bad = ["failed", "errored", "blocked", "skipped", "unfinished"];
  const shown = (kind, show) => show === "all" || kind === show || (show === "trouble" && bad.includes(kind));
  const filter = (show) => {
    each("[data-show]", (button) => button.setAttribute("aria-pressed", String(button.dataset.show === show)));
    each("[data-kind]", (item) => { item.hidden = !shown(item.dataset.kind, show); });
    each(".part", (part) => { part.hidden = show !== "all" && !part.querySelector("[data-kind]:not([hidden])"); });
    document.querySelector(".nothing").hidden = document.querySelector(".part:not([hidden])") !== null;
  };
  each("[data-show]", (button) => button.addEventListener("click", () => filter(button.dataset.show)));

  // A link leads into what is closed or filtered away.
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.closest("[hidden]")) filter("all");
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    const inner = target.querySelector(":scope > details");
    if (inner) inner.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  each('a[href^="#"]', (link) => link.addEventListener("click", () => { if (link.hash === location.hash) reveal(); }));

  // Wide: the contents stand beside the text. Printed: everything is open.
  const contents = document.getElementById("contents");
  const wide = matchMedia("(min-width: 64rem)");
  const place = () => { contents.open = wide.matches; };
  wide.addEventListener("change", place);
  place();
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("main details:not([open])")];
    closed.forEach((details) => { details.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((details) => { details.open = false; }));
  reveal();
})();
