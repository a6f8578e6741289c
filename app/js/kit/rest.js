// Whether somebody is at the page. What an open page asks by itself is no use of the session (`wire.rs`): without this, none that shows a living
// fleet would end after its half hour.

const root = document.documentElement;
const SOON = 60_000;
let used = Date.now();

function use() {
  used = Date.now();
  if (root.dataset.resting !== undefined) delete root.dataset.resting;
}

// Screen readers keep keys to themselves and activate by clicks; who dictates only puts in. What the page does by itself is not trusted.
for (const kind of ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart', 'click', 'input', 'focusin']) {
  addEventListener(kind, (event) => event.isTrusted && use(), { capture: true, passive: true });
}
setInterval(() => {
  if (Date.now() - used > SOON) root.dataset.resting = '';
}, 5000);
