// What is wrong with the page that a browser shows: a list of sentences.
// Called with the width that the page should keep to, and a function for the result.
const [width, done] = arguments;
const faults = [];
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const say = (element) => element.outerHTML.replace(/\s+/g, " ").slice(0, 120);

async function pictures() {
  for (const image of all("img")) {
    image.loading = "eager";
    await image.decode().catch(() => {});
    if (!image.naturalWidth) faults.push(`a picture is missing: ${say(image)}`);
    if (!image.alt.trim()) faults.push(`a picture has no alt text: ${say(image)}`);
  }
}

async function formulas() {
  await window.MathJax?.startup?.promise;
  for (const formula of all(".math")) {
    const shown = formula.querySelector("mjx-container");
    const wide = shown && shown.getBoundingClientRect().width > 0;
    if (!wide) faults.push(`a formula is not rendered: ${say(formula)}`);
  }
  // An unknown command is shown in red.
  for (const wrong of all("mjx-merror, mjx-container [style*='color: red']")) {
    faults.push(`a formula has a mistake: ${say(wrong)}`);
  }
}

function markup() {
  const raw = /\\\(|\\\[|\$\$|\$[^$\s][^$\n]*\$|\\[a-zA-Z]{2,}|\]\(|``|:[a-z]+:`/;
  const not = "pre, code, script, style, .math, mjx-container, .sig";
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { data, parentElement } = texts.currentNode;
    if (parentElement.closest(not)) continue;
    if (raw.test(data)) faults.push(`markup is shown as it is: ${data.trim()}`);
  }
}

// Beyond the page's edge may be what a box of its own scrolls to: not the whole text.
function scrolls(element) {
  for (let box = element; !box.matches("article, main"); box = box.parentElement) {
    const inside = box.getBoundingClientRect().right <= width + 1;
    if (inside && /auto|scroll/.test(getComputedStyle(box).overflowX)) return true;
  }
  return false;
}

function edges() {
  const wide = document.documentElement.scrollWidth;
  if (wide > width + 1) faults.push(`the page is ${wide} wide, its window ${width}`);
  for (const element of all("article *, main *")) {
    if (element.closest("mjx-assistive-mml, .sidebar-drawer, .toc-drawer")) continue;
    const { right, left, width: own } = element.getBoundingClientRect();
    const beyond = own > 0 && (right > width + 1 || left < -1);
    if (beyond && !scrolls(element)) {
      faults.push(`it ends at ${Math.round(right)}, beyond the edge: ${say(element)}`);
      return;
    }
  }
}

function copying() {
  for (const block of all("div.highlight pre")) {
    const button = block.parentElement.querySelector("button.copybtn");
    if (!button) faults.push(`a block of code cannot be copied: ${say(block)}`);
  }
}

document.fonts.ready
  .then(pictures)
  .then(formulas)
  .then(() => [markup, edges, copying].forEach((check) => check()))
  .then(() => done(faults), (error) => done([...faults, `the check fails: ${error}`]));
