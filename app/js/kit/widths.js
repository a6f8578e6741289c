// Widths of the columns of lists: dragged at the right edge of a head, or set there with ← and →; remembered per kind in this browser.
// A style sheet carries them, so that they hold for whatever is drawn later, and no element has a style of its own. Another keeps the widths that
// a list has when it is scrolled: rows come and go, and with them the longest text of a column.

const KEY = 'gantry-widths';
const [LEAST, MOST, STEP] = [64, 1200, 16];
const [sheet, kept] = [new CSSStyleSheet(), new CSSStyleSheet()];
document.adoptedStyleSheets = [...document.adoptedStyleSheets, kept, sheet];
let widths = {};
/** The list that was scrolled last, and the pixels of its columns. */
let [scrolled, columns] = [null, {}];
const heads = new MutationObserver(forget);
/** Told after a layout, so that nothing has to be laid out for the asking. */
const wider = new ResizeObserver(() => (scrolled?.isConnected ? keep(scrolled) : forget()));

function read() {
  try {
    widths = JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch { /* private windows may refuse, and anybody may have written there */ }
  apply();
}

function save() {
  try {
    localStorage.setItem(KEY, JSON.stringify(widths));
  } catch { /* the widths hold for this page */ }
}

function apply() {
  const rule = (kind, column, width) => `.rows[data-kind="${CSS.escape(kind)}"] .table [data-col="${CSS.escape(column)}"] `
    + `{ width: ${Number(width)}px; min-width: ${Number(width)}px; max-width: ${Number(width)}px; overflow: hidden; text-overflow: ellipsis }`;
  const rules = Object.entries(widths).flatMap(([kind, columns]) => Object.entries(columns ?? {}).map(([column, width]) => rule(kind, column, width)));
  // Narrow windows have widths of their own.
  sheet.replaceSync(`@media (width >= 720px) { ${rules.join(' ')} }`);
  forget();
}

function forget() {
  heads.disconnect();
  wider.disconnect();
  [scrolled, columns] = [null, {}];
  kept.replaceSync('');
}

/** Keeps the columns of a list as wide as they are, until rows come that need more. */
function keep(list) {
  if (list !== scrolled) {
    forget();
    scrolled = list;
    // With other columns all widths are others.
    heads.observe(list.querySelector('thead tr'), { childList: true });
    list.querySelectorAll('th[data-col]').forEach((head) => wider.observe(head));
  }
  const now = Object.fromEntries([...list.querySelectorAll('th[data-col]')].map((head) => [head.dataset.col, head.getBoundingClientRect().width]));
  if (Object.entries(now).every(([column, width]) => Math.abs(width - columns[column]) < 1)) return;
  columns = now;
  const rule = ([column, width]) => `.rows[data-kind="${CSS.escape(list.dataset.kind)}"] .table th[data-col="${CSS.escape(column)}"] { width: ${width.toFixed(2)}px }`;
  kept.replaceSync(`@media (width >= 720px) { ${Object.entries(now).map(rule).join(' ')} }`);
}

function tell(grip) {
  const head = grip.closest('th');
  const set = widths[grip.closest('.rows').dataset.kind]?.[head.dataset.col];
  grip.setAttribute('aria-valuenow', String(Math.round(head.getBoundingClientRect().width)));
  grip.setAttribute('aria-valuetext', set ? `${set} pixels` : 'automatic');
}

/** Sets the width of a head's column in pixels; `null` gives it back to the browser. */
function set(grip, width) {
  const [kind, column] = [grip.closest('.rows').dataset.kind, grip.closest('th').dataset.col];
  if (width === null) delete widths[kind]?.[column];
  else (widths[kind] ??= {})[column] = Math.round(Math.min(MOST, Math.max(LEAST, width)));
  apply();
  tell(grip);
}

const gripOf = (event) => (event.target instanceof Element ? event.target.closest('.grip') : null);
const widthOf = (grip) => grip.closest('th').getBoundingClientRect().width;

document.addEventListener('pointerdown', (event) => {
  const grip = gripOf(event);
  if (!grip || event.button !== 0) return;
  event.preventDefault();
  grip.focus({ preventScroll: true });
  grip.setPointerCapture(event.pointerId);
  const from = widthOf(grip) - event.clientX;
  const move = ({ clientX }) => set(grip, from + clientX);
  grip.addEventListener('pointermove', move);
  grip.addEventListener('lostpointercapture', () => {
    grip.removeEventListener('pointermove', move);
    save();
  }, { once: true });
});

document.addEventListener('keydown', (event) => {
  const grip = gripOf(event);
  const step = { ArrowLeft: -STEP, ArrowRight: STEP, Home: null }[event.key];
  if (!grip || step === undefined) return;
  event.preventDefault();
  set(grip, step === null ? null : widthOf(grip) + step);
  save();
});

document.addEventListener('focusin', (event) => {
  const grip = gripOf(event);
  if (grip) tell(grip);
});

document.addEventListener('click', (event) => {
  const reset = event.target instanceof Element ? event.target.closest('[data-reset-widths]') : null;
  if (!reset) return;
  delete widths[reset.dataset.resetWidths];
  apply();
  save();
  reset.closest('details.menu')?.removeAttribute('open');
});

// Before the rows of the place that it is scrolled to are drawn.
document.addEventListener('scroll', (event) => {
  if (event.target !== scrolled && event.target.matches?.('.rows[data-kind]')) keep(event.target);
}, { capture: true, passive: true });
addEventListener('resize', forget);

// Another window of this browser may have set them.
addEventListener('storage', (event) => {
  if (event.key === KEY) read();
});
read();
