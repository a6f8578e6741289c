// The rows of lists under the keyboard: the focus moves among them, stays while they are drawn anew, and is back where it was when one comes back.

export const ROWS = '.rows tbody td.name a, [data-rows] a.row-link';
const NAME = 'tbody td.name a';
/** The row that keys moved to last: it may come back with its list. */
let lastRow = '';
/** The row that has the focus, with its list: either may be drawn anew under it. */
let held = null;
/** How far a list was scrolled when it was left, and the row that was followed; by address. */
const left = new Map();
/** The same of the list that is on its way because somebody went back to it. */
let awaited = null;
/** Where the place of a list is kept while its page is loaded anew. */
const PLACE = 'gantry-place';
/** The list that had the focus last. A row that goes far out of sight is taken from the page, and the focus with it: keys that scroll go on in it. */
let list = null;

export function moveRow(step) {
  const rows = [...document.querySelectorAll(ROWS)];
  if (!rows.length) return false;
  let now = rows.findIndex((row) => (row.closest('tr') ?? row).contains(document.activeElement));
  if (now < 0 && document.activeElement === document.body) now = rows.findIndex((row) => row.getAttribute('href') === lastRow);
  // The first in sight comes first: there are rows above it, below the head.
  const inSight = (row) => row.getBoundingClientRect().bottom > (row.closest('table')?.querySelector('th')?.getBoundingClientRect().bottom ?? 0);
  const next = rows[Math.min(rows.length - 1, Math.max(0, now < 0 ? rows.findIndex(inSight) : now + step))];
  lastRow = next.getAttribute('href');
  next.focus({ preventScroll: true });
  next.closest('tr, .row')?.scrollIntoView({ block: 'nearest' });
  return true;
}

/**
 * Moves a list or a log by the keys of its whole length and of pages: at once. The browser would glide past thousands of rows, and now and then,
 * while it is busy drawing, ends that glide where it began. Answers whether it is done; a list that lost the focus with one of its rows gets it again.
 */
export function scrollBox({ key, shiftKey, defaultPrevented }) {
  if (document.activeElement === document.body && list?.isConnected) list.focus({ preventScroll: true });
  const box = document.activeElement?.closest('.rows, .log');
  if (!box || shiftKey || defaultPrevented || box.scrollHeight <= box.clientHeight) return false;
  const head = box.querySelector('thead')?.offsetHeight ?? 0;
  // What was last stays in sight, as browsers do it.
  const page = (box.clientHeight - head) * 0.875;
  const place = { Home: 0, End: box.scrollHeight, PageUp: box.scrollTop - page, PageDown: box.scrollTop + page }[key];
  if (place === undefined) return false;
  box.scrollTop = place;
  return true;
}

const address = () => location.pathname + location.search;
const rowOf = (box, href) => [...box.querySelectorAll(NAME)].find((row) => row.getAttribute('href') === href);

const drawn = new MutationObserver(() => {
  if (awaited) comeBack();
  if (held && !held.row.isConnected && document.activeElement === document.body) holdOn();
});

/** Watches what is drawn only while it matters. */
function watch(row, place) {
  const box = row && row.closest('.rows');
  held = row && { row, href: row.getAttribute('href'), box, born: box.dataset.born };
  awaited = place;
  if (held || awaited) drawn.observe(document.body, { childList: true, subtree: true, attributeFilter: ['data-placed'] });
  else drawn.disconnect();
}

function holdOn() {
  // The answer to another question may come into the same box.
  const again = held.box.isConnected && held.box.dataset.born === held.born;
  const box = held.box.isConnected ? held.box : document.querySelector('.rows');
  const row = box && (rowOf(box, held.href) ?? (again ? null : box.querySelector(NAME)));
  row?.focus({ preventScroll: true });
  // The answer to another question: its first row stands for one that is not in it.
  if (row && !again) row.closest('tr').scrollIntoView({ block: 'nearest' });
}

function comeBack() {
  const place = awaited;
  place.box ??= [...document.querySelectorAll('.rows[data-placed]')].find((box) => !place.before.has(box));
  if (!place.box) return;
  if (!place.scrolled) place.box.scrollTop = place.top;
  place.scrolled = true;
  // Far down it comes with the next window of rows.
  const row = place.href && rowOf(place.box, place.href);
  if (place.href && !row) return;
  watch(null, null);
  if (!row || document.activeElement !== document.body) return;
  lastRow = place.href;
  row.focus({ preventScroll: true });
}

document.addEventListener('focusin', ({ target }) => {
  list = target.closest?.('.rows') ?? null;
  watch(list && target.matches(NAME) ? target : null, null);
});
document.addEventListener('pointerdown', (event) => {
  if (!list?.contains(event.target)) list = null;
  watch(null, null);
});
document.addEventListener('click', (event) => {
  const link = event.target instanceof Element ? event.target.closest('a[href]') : null;
  const box = link && document.querySelector('.rows');
  if (!box || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const row = link.closest('.rows tbody tr')?.querySelector('td.name a');
  left.set(address(), { top: box.scrollTop, href: row?.getAttribute('href') ?? '' });
  watch(null, null);
}, true);
addEventListener('popstate', () => {
  const place = left.get(address());
  watch(null, place ? { ...place, before: new Set(document.querySelectorAll('.rows')) } : null);
});
addEventListener('pagehide', () => {
  const box = document.querySelector('.rows');
  try {
    if (box) sessionStorage.setItem(PLACE, JSON.stringify({ at: address(), top: box.scrollTop }));
    else sessionStorage.removeItem(PLACE);
  } catch { /* private windows may refuse: the list begins at its top */ }
});

/** After a reload a list is where it was, unless somebody scrolls before its script has come. */
function reloaded() {
  if (!['reload', 'back_forward'].includes(performance.getEntriesByType('navigation')[0]?.type)) return;
  try {
    const place = JSON.parse(sessionStorage.getItem(PLACE));
    if (!place?.top || place.at !== address()) return;
    watch(null, { top: place.top, href: '', before: new Set() });
    const scrolled = ({ target }) => target.matches?.('.rows:not([data-placed])') && watch(null, null);
    document.addEventListener('scroll', scrolled, { capture: true, passive: true });
  } catch { /* what is kept there is nothing of ours */ }
}
reloaded();
